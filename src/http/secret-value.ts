import { SECRET_NAMES } from './secret-fields.js';

/** Owns what a person is shown in place of a value that may be a secret. */

export const HIDDEN = '[hidden]';
/** Names that sound like it; `author` and `authority` do not. */
const SECRET_PATTERN = /auth(?!or(?!iz))|cookie|token|secret|password|credential|api-?key|session|jwt/i;

/** The value, or a stand-in where the name of the field or parameter says that it is a credential. */
export function shownValue(name: string, value: string): string {
  return isSecretName(name) ? HIDDEN : value;
}

export const isSecretName = (name: string): boolean =>
  SECRET_NAMES.has(name.toLowerCase()) || SECRET_PATTERN.test(name);

const NOTHING: ReadonlySet<string> = new Set();

/** A query (`?...` or empty) without the values of credentials, and of parameters that are named in `concealed`. */
export function shownQuery(query: string, concealed: ReadonlySet<string> = NOTHING): string {
  return query.replace(/([?&])([^=&]*)=([^&]*)/g, (pair, mark: string, name: string) =>
    isSecretName(decoded(name)) || concealed.has(decoded(name).toLowerCase())
      ? `${mark}${name}=${HIDDEN}`
      : pair,
  );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The same for a URL. */
export function shownUrl(url: string, concealed: ReadonlySet<string> = NOTHING): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : `${url.slice(0, mark)}${shownQuery(url.slice(mark), concealed)}`;
}
