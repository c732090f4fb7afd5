import * as characters from '../../../http/characters.js';
import { IRREGULAR } from '../../../http/field-block.js';
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  HOST,
  TRANSFER_ENCODING,
  UPGRADE,
  kindOf,
} from '../../../http/known-fields.js';

/**
 * Owns the strict reading of field lines (RFC 9112 section 5): one pass over the bytes with lookup tables. No obs-fold, no
 * space before the colon, no bare CR or LF, no control bytes. What decides framing is collected on the way.
 */

export interface FieldLineLimits {
  readonly headerCount: number;
  readonly allowUnderscores: boolean;
}

/** What one scan found: the places of the fields, and those fields that decide framing and connection handling. */
export class FieldScan {
  spans: number[] = [];
  count = 0;
  hostCount = 0;
  host = '';
  contentLengthCount = 0;
  contentLength = '';
  transferEncodingCount = 0;
  transferEncoding = '';
  connection = '';
  upgradeCount = 0;
  upgrade = '';
  expectCount = 0;
  expect = '';
  /** The rule that was broken; empty when all is well. */
  fault = '';

  begin(): void {
    this.spans = NO_SPANS;
    this.count = 0;
    this.hostCount = 0;
    this.host = '';
    this.contentLengthCount = 0;
    this.contentLength = '';
    this.transferEncodingCount = 0;
    this.transferEncoding = '';
    this.connection = '';
    this.upgradeCount = 0;
    this.upgrade = '';
    this.expectCount = 0;
    this.expect = '';
    this.fault = '';
  }
}

const NO_SPANS: number[] = [];
/** One scan at a time: a head is parsed in one go, so that the next one may overwrite it. */
const SCAN = new FieldScan();
/** Grows to the most fields ever seen; what a scan found is cut out of it, in one allocation of the right size. */
const SPANS: number[] = [];

/** The kinds whose values a scan takes down. */
const NOTED = new Uint8Array(64);
for (const kind of [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE, EXPECT]) NOTED[kind] = 1;

/** Constants of this module cost the loops below nothing; imported ones are looked up for every byte. */
const { COLON, CR, DEL, HTAB, LF, SP, TOKEN } = characters;

/** What may stand in a name: 1, and 2 for the underscore, which many servers read as a dash. */
const NAME = Uint8Array.from(TOKEN);
const UNDERSCORE = 2;
NAME[95] = UNDERSCORE;

/**
 * Reads field lines from `position` to the empty line at `end - 2`. Positions in the spans are relative to `base`, the place
 * in `bytes` where `text` begins. What it returns is valid until the next call; the spans may be kept.
 */
// eslint-disable-next-line complexity -- one pass over the bytes: a call per field would cost as much as the field
export function scanFieldLines(
  bytes: Buffer,
  range: { readonly base: number; readonly position: number; readonly end: number },
  text: string,
  limits: FieldLineLimits,
): FieldScan {
  const scan = SCAN;
  scan.begin();
  const { base, end } = range;
  const last = end - 2;
  let position = range.position;
  let used = 0;
  while (position < last) {
    const nameStart = position;
    let seen = 0;
    for (let kind = NAME[bytes[position] ?? 0] ?? 0; kind !== 0; kind = NAME[bytes[position] ?? 0] ?? 0) {
      seen |= kind;
      position += 1;
    }
    const nameEnd = position;
    if (nameEnd === nameStart) return failed(scan, 'field-name');
    if (bytes[position] !== COLON) return failed(scan, 'field-colon');
    position += 1;
    const afterColon = position;
    while (bytes[position] === SP || bytes[position] === HTAB) position += 1;
    const valueStart = position;
    let byte = bytes[position] ?? 0;
    // FIELD_VALUE spelt out: two comparisons a byte are quicker than a look into the table.
    while (byte >= SP ? byte !== DEL : byte === HTAB) {
      position += 1;
      byte = bytes[position] ?? 0;
    }
    if (byte !== CR || bytes[position + 1] !== LF) return failed(scan, 'field-value');
    let valueEnd = position;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB))
      valueEnd -= 1;
    scan.count += 1;
    if (scan.count > limits.headerCount) return failed(scan, 'field-count');
    const regular = valueEnd === position && valueStart - afterColon === 1 && bytes[afterColon] === SP;
    position += 2;
    if (seen >= UNDERSCORE && !limits.allowUnderscores) continue;
    const kind = kindOf(bytes, nameStart, nameEnd);
    if (NOTED[kind] === 1)
      note(scan, kind, text.slice(valueStart - base, notedEnd(bytes, kind, valueEnd) - base));
    SPANS[used] = regular ? kind : kind | IRREGULAR;
    SPANS[used + 1] = nameStart - base;
    SPANS[used + 2] = nameEnd - base;
    SPANS[used + 3] = valueStart - base;
    SPANS[used + 4] = valueEnd - base;
    used += 5;
  }
  if (position !== last) return failed(scan, 'head-end');
  scan.spans = SPANS.slice(0, used);
  return scan;
}

/** A tab after a coding is white space for some readers and part of its name for others (llhttp): it stays, and is refused. */
function notedEnd(bytes: Buffer, kind: number, valueEnd: number): number {
  if (kind !== TRANSFER_ENCODING) return valueEnd;
  let end = valueEnd;
  while (bytes[end] === SP) end += 1;
  return bytes[end] === HTAB ? end + 1 : valueEnd;
}

function failed(scan: FieldScan, rule: string): FieldScan {
  scan.fault = rule;
  return scan;
}

function note(scan: FieldScan, kind: number, value: string): void {
  switch (kind) {
    case HOST:
      scan.hostCount += 1;
      scan.host = value;
      return;
    case CONTENT_LENGTH:
      scan.contentLengthCount += 1;
      scan.contentLength = value;
      return;
    case TRANSFER_ENCODING:
      scan.transferEncodingCount += 1;
      scan.transferEncoding = value;
      return;
    case CONNECTION:
      scan.connection = scan.connection === '' ? value : `${scan.connection},${value}`;
      return;
    case UPGRADE:
      scan.upgradeCount += 1;
      scan.upgrade = value;
      return;
    case EXPECT:
      scan.expectCount += 1;
      scan.expect = value;
      return;
    default:
  }
}
