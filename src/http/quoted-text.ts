/** Owns how a text stands in quotes in a field: as a quoted-string (RFC 9110 section 5.6.4) that is a String of RFC 9651 too. */

/** Visible ASCII and spaces; what is none of these stands as `?`. */
export const quotedText = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
