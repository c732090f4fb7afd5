/** Owns the reading of one cookie out of a request (RFC 6265 section 5.4), without parsing the others. Pure. */
import type { Fields } from '../contracts/fields.js';

const SPACE = 0x20;
const EQUALS = 0x3d;

/** The first value of the cookie with exactly that name, without surrounding quotes. HTTP/2 may send several lines. */
export function cookieValue(fields: Fields, name: string): string | undefined {
  for (const line of fields.getAll('cookie')) {
    const value = valueIn(line, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

function valueIn(line: string, name: string): string | undefined {
  for (let start = 0; start < line.length;) {
    const semicolon = line.indexOf(';', start);
    const end = semicolon < 0 ? line.length : semicolon;
    while (line.charCodeAt(start) === SPACE) start += 1;
    const equals = start + name.length;
    if (equals < end && line.charCodeAt(equals) === EQUALS && line.startsWith(name, start))
      return unquoted(line.slice(equals + 1, end).trim());
    start = end + 1;
  }
  return undefined;
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
