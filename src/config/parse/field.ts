/** Owns the reading of HTTP field names and values that a configuration names (RFC 9110 sections 5.1 and 5.5). */
import { consistsOf, FIELD_VALUE, TOKEN } from '../../http/characters.js';
import { parsed, refused, type Parsed } from './parsed.js';

/** Fields that belong to one hop or to framing: Torus writes them itself (RFC 9110 section 7.6.1, RFC 9112 section 6). */
const OWNED_BY_TORUS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that may not even be removed: without them a message is read differently. */
const UNREMOVABLE = new Set(['content-length', 'host', 'transfer-encoding']);

/** The name in lower case. */
export function parseFieldName(text: string): Parsed<string> {
  if (!consistsOf(text, TOKEN))
    return refused("must be a header name: letters, digits and any of !#$%&'*+-.^_`|~");
  return parsed(text.toLowerCase());
}

/** A name that a rule may write. */
export function parseWritableFieldName(text: string): Parsed<string> {
  const name = parseFieldName(text);
  if (!name.ok || !OWNED_BY_TORUS.has(name.value)) return name;
  return refused(`must not be ${name.value}: Torus writes hop-by-hop and framing fields itself`);
}

/** A name that a rule may remove. */
export function parseRemovableFieldName(text: string): Parsed<string> {
  const name = parseFieldName(text);
  if (!name.ok || !UNREMOVABLE.has(name.value)) return name;
  return refused(`must not be ${name.value}: a message without it would be read differently`);
}

export function parseFieldValue(text: string): Parsed<string> {
  if (text === '') return parsed(text);
  if (!consistsOf(text, FIELD_VALUE))
    return refused('must be a header value: no CR, LF, NUL or other control character');
  if (text.trim() !== text) return refused('must be a header value without spaces at its ends');
  return parsed(text);
}

/** A method in upper case (RFC 9110 section 9.1). CONNECT has routes of its own. */
export function parseMethod(text: string): Parsed<string> {
  if (!consistsOf(text, TOKEN)) return refused('must be an HTTP method such as GET');
  if (text.toUpperCase() === 'CONNECT')
    return refused('must not be CONNECT: `connect: true` makes a route for it');
  return parsed(text.toUpperCase());
}
