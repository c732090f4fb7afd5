/** Owns the byte classes of HTTP messages as lookup tables (RFC 9110 section 5.6.2, RFC 9112 section 3). Pure data. */

const classOf = (member: (byte: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (member(byte) ? 1 : 0));

const TOKEN_SYMBOLS = "!#$%&'*+-.^_`|~";
const isAlphaNumeric = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte));

/** `tchar`: methods, field names, protocol names. */
export const TOKEN = classOf(
  (byte) => isAlphaNumeric(byte) || (byte < 128 && TOKEN_SYMBOLS.includes(String.fromCharCode(byte))),
);

/** What a field value may hold: HTAB, SP, VCHAR and obs-text; no other control byte, so no CR, LF or NUL. */
export const FIELD_VALUE = classOf((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** What a request target may hold: visible ASCII without `#`, which never travels (RFC 9110 section 7.1). */
export const TARGET = classOf((byte) => byte > 32 && byte < 127 && byte !== 35);

/** What a host may hold outside brackets. Narrower than reg-name: what DNS and certificates know, plus `_`. */
export const HOST = classOf((byte) => isAlphaNumeric(byte) || byte === 45 || byte === 46 || byte === 95);

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;
export const DEL = 127;

/** True when every character of `text` is in the class. False for an empty text. */
export function consistsOf(text: string, characterClass: Uint8Array): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 255 || characterClass[code] === 0) return false;
  }
  return text.length > 0;
}
