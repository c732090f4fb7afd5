import { SECRET_NAMES } from './secret-fields.js';

/** Owns what a person is shown in place of a value that may be a secret. */

/** Names that sound like it; `author` and `authority` do not. */
const SECRET_PATTERN = /auth(?!or(?!iz))|cookie|token|secret|password|credential|api-?key|session/i;

/** The value, or a stand-in where the name of the field or parameter says that it is a credential. */
export function shownValue(name: string, value: string): string {
  return isSecretName(name) ? '[hidden]' : value;
}

export const isSecretName = (name: string): boolean =>
  SECRET_NAMES.has(name.toLowerCase()) || SECRET_PATTERN.test(name);
