/** Owns where the token is in a request, and how it is taken out of what goes upstream. Judges nothing about the token. */
import type { JwtTokenSource } from '../../../contracts/config.js';
import type { Fields } from '../../../contracts/fields.js';
import type { RequestHead } from '../../../contracts/message.js';
import { queryValues } from '../../../http/query-parameter.js';

/** `several`: more than one place claims to hold it, so that two readers could see two users. */
export type Extraction =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'several' };

export interface TokenExtractor {
  extract(head: RequestHead): Extraction;
  /** Takes the token out of the fields that go upstream. */
  remove(upstreamFields: Fields): void;
}

const MISSING: Extraction = { kind: 'missing' };
const SEVERAL: Extraction = { kind: 'several' };
const SPACE = 0x20;

export function createTokenExtractor(from: JwtTokenSource): TokenExtractor {
  switch (from.kind) {
    case 'header': {
      const scheme = from.scheme.toLowerCase();
      return {
        extract: (head) => fromHeader(head.fields.getAll(from.name), scheme),
        remove: (fields) => fields.remove(from.name),
      };
    }
    case 'cookie':
      return {
        extract: (head) => single(cookieValues(head.fields.getAll('cookie'), from.name)),
        remove: (fields) => removeCookie(fields, from.name),
      };
    case 'query':
      // The target is not a field: the token goes on with it (docs/filters.md), and options that say otherwise are refused.
      return { extract: (head) => single(queryValues(head.query, from.name, 2)), remove: () => undefined };
  }
}

function fromHeader(values: readonly string[], scheme: string): Extraction {
  const value = values[0];
  if (value === undefined) return MISSING;
  if (values.length > 1) return SEVERAL;
  if (scheme === '') return tokenOf(value);
  if (value.charCodeAt(scheme.length) !== SPACE || !beginsWith(value, scheme)) return MISSING;
  return tokenOf(value.slice(scheme.length + 1).trim());
}

/** In any case (RFC 9110 section 11.1); `scheme` is in lower case. */
function beginsWith(value: string, scheme: string): boolean {
  for (let index = 0; index < scheme.length; index += 1) {
    const code = value.charCodeAt(index);
    const lower = code >= 65 && code <= 90 ? code | 0x20 : code;
    if (lower !== scheme.charCodeAt(index)) return false;
  }
  return true;
}

function tokenOf(token: string): Extraction {
  return token === '' ? MISSING : { kind: 'token', token };
}

function single(values: readonly string[]): Extraction {
  const token = values[0];
  return values.length > 1 ? SEVERAL : tokenOf(token ?? '');
}

function cookieValues(lines: readonly string[], name: string): readonly string[] {
  return lines
    .flatMap((line) => line.split(';'))
    .filter((pair) => isNamed(pair, name))
    .map(cookieValue);
}

function isNamed(pair: string, name: string): boolean {
  const equals = pair.indexOf('=');
  return equals >= 0 && pair.slice(0, equals).trim() === name;
}

function cookieValue(pair: string): string {
  const value = pair.slice(pair.indexOf('=') + 1).trim();
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function removeCookie(fields: Fields, name: string): void {
  const lines = fields.getAll('cookie');
  if (lines.length === 0) return;
  fields.remove('cookie');
  for (const line of lines) {
    const kept = line.split(';').filter((pair) => !isNamed(pair, name) && pair.trim() !== '');
    if (kept.length > 0) fields.append('cookie', kept.join(';').trim());
  }
}
