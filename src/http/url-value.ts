/** Owns what may be told of a field value that is a URL: passwords stand in its user information, tokens in its query and fragment. */

/** Fields that hold one by their meaning, however it is written: `?a=b` is a URL too. */
const URL_NAME = /(?:^|[-_])(?:ur[il]|referr?er|location|origin|destination)$/i;
/** `https://…`, `//…`, `/…`. */
const URL_VALUE = /^(?:[a-z][a-z\d+.-]*:)?\//i;
const USER_INFORMATION = /^((?:[a-z][a-z\d+.-]*:)?\/\/)[^/?#]*@/i;

export const isUrlValue = (name: string, value: string): boolean =>
  URL_VALUE.test(value) || URL_NAME.test(name);

/** `stand-in@` in place of `user:password@`; nothing where there is no stand-in. */
export const withoutUserInformation = (url: string, standIn = ''): string =>
  url.replace(USER_INFORMATION, (_match, before: string) => before + (standIn === '' ? '' : `${standIn}@`));

/** What a log holds of a URL: neither user information nor query nor fragment. */
export const loggedUrl = (url: string): string => withoutUserInformation(url).split(/[?#]/, 1)[0] ?? '';
