import { isSecretName } from './secret-fields.js';
import { harmlessText, shownFieldValue } from './shown-text.js';
import { isUrlValue, withoutUserInformation } from './url-value.js';

/** Owns what a person is shown in place of a value that may be a secret. */

export const HIDDEN = '[hidden]';

const NOTHING: ReadonlySet<string> = new Set();

/**
 * The value, or a stand-in where the name of the field or parameter, or `concealed`, says that it is a credential. Of a URL only
 * the credentials in it are left out.
 */
export function shownValue(name: string, value: string, concealed: ReadonlySet<string> = NOTHING): string {
  return isConcealed(name, concealed) ? HIDDEN : harmlessText(withoutCredentials(name, value, concealed));
}

/** The same of a field, whose value is bytes. */
export function shownField(name: string, value: string, concealed: ReadonlySet<string> = NOTHING): string {
  return isConcealed(name, concealed) ? HIDDEN : shownFieldValue(withoutCredentials(name, value, concealed));
}

const withoutCredentials = (name: string, value: string, concealed: ReadonlySet<string>): string =>
  isUrlValue(name, value) ? shownUrl(value, concealed) : value;

const isConcealed = (name: string, concealed: ReadonlySet<string>): boolean =>
  isSecretName(name) || concealed.has(name.toLowerCase());

/** A query (`?...` or empty) without the values of credentials, and of parameters that are named in `concealed`. */
export function shownQuery(query: string, concealed: ReadonlySet<string> = NOTHING): string {
  return query.replace(/([?#&])([^=?#&]*)=([^#&]*)/g, (pair, mark: string, name: string) =>
    isConcealed(decoded(name), concealed) ? `${mark}${name}=${HIDDEN}` : pair,
  );
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The same for a URL, whose user information is a credential too. */
export function shownUrl(url: string, concealed: ReadonlySet<string> = NOTHING): string {
  const told = withoutUserInformation(url, HIDDEN);
  const mark = told.search(/[?#]/);
  return mark < 0 ? told : `${told.slice(0, mark)}${shownQuery(told.slice(mark), concealed)}`;
}
