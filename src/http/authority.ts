import * as characters from './characters.js';

/** Owns the reading of `host[:port]` (RFC 9112 section 3.2, RFC 3986 section 3.2). Strict: no userinfo, no odd bytes. */

/** A constant of this module costs the loop below nothing; an imported one is looked up for every byte. */
const { HOST } = characters;

const BRACKETED = /^\[[0-9a-f:.]{2,45}\](?::(\d{1,5}))?$/i;

/** The lower-case host without port and final dot, or undefined when the authority is malformed. */
export function hostOf(authority: string): string | undefined {
  if (authority.charCodeAt(0) === 91) return bracketedHostOf(authority);
  let end = 0;
  let hasUpper = false;
  for (; end < authority.length; end += 1) {
    const code = authority.charCodeAt(end);
    if (code > 255 || HOST[code] === 0) break;
    if (code >= 65 && code <= 90) hasUpper = true;
  }
  if (end === 0 || !isPortSuffix(authority, end)) return undefined;
  const bare = authority.charCodeAt(end - 1) === 46 ? authority.slice(0, end - 1) : authority.slice(0, end);
  if (bare === '') return undefined;
  return hasUpper ? bare.toLowerCase() : bare;
}

function bracketedHostOf(authority: string): string | undefined {
  const match = BRACKETED.exec(authority);
  if (match === null || Number(match[1] ?? 0) > 65535) return undefined;
  return authority.slice(0, authority.indexOf(']') + 1).toLowerCase();
}

function isPortSuffix(authority: string, at: number): boolean {
  if (at === authority.length) return true;
  const digits = authority.length - at - 1;
  if (authority.charCodeAt(at) !== 58 || digits < 1 || digits > 5) return false;
  let port = 0;
  for (let index = at + 1; index < authority.length; index += 1) {
    const digit = authority.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= 65535;
}
