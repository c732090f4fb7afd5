import { FieldBlock, dropTable } from '../../../http/field-block.js';
import type { FieldLineLimits } from './field-lines.js';
import { scanFieldLines } from './field-lines.js';

/** Owns the trailer section (RFC 9112 section 7.1.2): strict to read, and nothing that frames, routes or authorises gets through. */

const LIMITS: FieldLineLimits = { headerCount: 100, allowUnderscores: false };

/** RFC 9110 section 6.5.1: fields that mean something else when they come late. */
const FORBIDDEN = [
  'authorization',
  'cookie',
  'set-cookie',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'max-forwards',
  'www-authenticate',
  'proxy-authenticate',
];

const NONE = dropTable();

/** Parses `bytes`, which ends with the empty line. Undefined when a line is malformed. */
export function scanTrailers(bytes: Buffer): FieldBlock | undefined {
  const text = bytes.toString('latin1', 0, bytes.length);
  const scan = scanFieldLines(bytes, { base: 0, position: 0, end: bytes.length }, text, LIMITS);
  if (scan.fault !== '') return undefined;
  return withoutForbidden(new FieldBlock(text, scan.spans));
}

/** Takes out of a trailer section what must not come late, whichever protocol brought it. */
export function withoutForbidden(trailers: FieldBlock): FieldBlock {
  trailers.removeKnown();
  for (const name of FORBIDDEN) trailers.remove(name);
  return trailers;
}

/** The lines to send, without the final empty line; empty when nothing may be sent. */
export function serialiseTrailers(trailers: FieldBlock | undefined): string {
  return trailers === undefined ? '' : trailers.serialise(NONE);
}
