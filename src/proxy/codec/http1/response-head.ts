import type { BodyFraming, HttpVersion, ResponseHead } from '../../../contracts/message.js';
import * as characters from '../../../http/characters.js';
import type { ConnectionOptions } from '../../../http/connection-options.js';
import { parseConnection } from '../../../http/connection-options.js';
import { FieldBlock } from '../../../http/field-block.js';
import { isChunked, parseContentLength } from '../../../http/framing.js';
import type { FieldLineLimits, FieldScan } from './field-lines.js';
import { scanFieldLines } from './field-lines.js';
import type { HeadFault } from './head-fault.js';
import { responseFault } from './head-fault.js';

/** Owns the strict reading of one HTTP/1.x response head (RFC 9112 sections 4 to 6). */

/** A response head as an upstream sent it. */
export class Http1ResponseHead implements ResponseHead {
  status = 0;
  reason = '';
  httpVersion: HttpVersion = '1.1';
  fields: FieldBlock = NO_FIELDS;
  framing: BodyFraming = 'none';
  /** -1 when no Content-Length was sent. With framing `none` it tells what a GET would have got. */
  contentLength = -1;
  keepAlive = true;
  connection: ConnectionOptions = NO_OPTIONS;
  upgrade: string | undefined = undefined;
}

/** Constants of this module cost the loops below nothing; imported ones are looked up for every byte. */
const { CR, FIELD_VALUE, LF, SP } = characters;
const NO_FIELDS = new FieldBlock();
const NO_OPTIONS = parseConnection('');

/** Upstreams are trusted with more than clients, but not with everything. */
export const RESPONSE_HEAD_BYTES = 64 * 1024;
const LIMITS: FieldLineLimits = { headerCount: 256, allowUnderscores: true };

const FAULTS = {
  line: responseFault('status-line'),
  version: responseFault('version'),
  fields: responseFault('field-line'),
  count: responseFault('field-count', 'upstream.head.too-large'),
  contentLength: responseFault('content-length'),
  ambiguousFraming: responseFault('ambiguous-framing'),
  transferEncoding: responseFault('transfer-encoding'),
};

/** Parses `bytes[start, end)`, which ends with the empty line. `method` is the request's: it decides whether there is a body. */
export function parseResponseHead(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  method: string,
): Http1ResponseHead | HeadFault {
  const { start, end } = range;
  const text = bytes.toString('latin1', start, end);
  const head = new Http1ResponseHead();
  const lineEnd = applyStatusLine(head, bytes, start, text);
  if (lineEnd < 0) return head.httpVersion === '2' ? FAULTS.version : FAULTS.line;
  const scan = scanFieldLines(bytes, { base: start, position: lineEnd + 2, end }, text, LIMITS);
  if (scan.fault !== '') return scan.fault === 'field-count' ? FAULTS.count : FAULTS.fields;
  head.fields = new FieldBlock(text, scan.spans);
  head.connection = parseConnection(scan.connection);
  for (const name of head.connection.named) head.fields.remove(name);
  head.keepAlive = !head.connection.close && (head.httpVersion === '1.1' || head.connection.keepAlive);
  if (head.connection.upgrade && scan.upgradeCount === 1) head.upgrade = scan.upgrade.toLowerCase();
  return applyFraming(head, scan, method) ?? head;
}

/** Returns the place of the CR that ends the status line, or -1. */
// eslint-disable-next-line complexity -- the status line in one pass over the bytes, a rule a line
function applyStatusLine(head: Http1ResponseHead, bytes: Buffer, start: number, text: string): number {
  if (!text.startsWith('HTTP/1.')) {
    if (/^HTTP\/\d/.test(text)) head.httpVersion = '2';
    return -1;
  }
  const minor = text.charCodeAt(7) - 48;
  if (minor < 0 || minor > 9 || text.charCodeAt(8) !== SP) return -1;
  head.httpVersion = minor === 0 ? '1.0' : '1.1';
  head.status = statusOf(text);
  if (head.status < 100) return -1;
  let at = start + 12;
  // RFC 9112 section 4 wants a space even before an empty reason; many upstreams leave it out, and nothing hangs on it.
  if (bytes[at] === SP) at += 1;
  else if (bytes[at] !== CR) return -1;
  const reasonStart = at - start;
  while (FIELD_VALUE[bytes[at] ?? 0] === 1) at += 1;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
  head.reason = text.slice(reasonStart, at - start);
  return at;
}

/** RFC 9110 section 15: three digits, the first of them 1 to 5. -1 for anything else. */
function statusOf(text: string): number {
  const hundreds = text.charCodeAt(9) - 48;
  const tens = text.charCodeAt(10) - 48;
  const ones = text.charCodeAt(11) - 48;
  const valid = hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9;
  return valid ? hundreds * 100 + tens * 10 + ones : -1;
}

/** RFC 9112 section 6.3 for responses. */
function applyFraming(head: Http1ResponseHead, scan: FieldScan, method: string): HeadFault | undefined {
  if (scan.contentLengthCount > 1) return FAULTS.contentLength;
  if (scan.contentLengthCount === 1) {
    head.contentLength = parseContentLength(scan.contentLength);
    if (head.contentLength < 0) return FAULTS.contentLength;
  }
  if (scan.transferEncodingCount > 0 && scan.contentLengthCount > 0) return FAULTS.ambiguousFraming;
  if (head.status < 200 || head.status === 204 || head.status === 304 || method === 'HEAD') return undefined;
  if (scan.transferEncodingCount > 0) return applyTransferEncoding(head, scan);
  head.framing = scan.contentLengthCount === 1 ? 'length' : 'close';
  return undefined;
}

function applyTransferEncoding(head: Http1ResponseHead, scan: FieldScan): HeadFault | undefined {
  if (scan.transferEncodingCount > 1 || head.httpVersion === '1.0') return FAULTS.ambiguousFraming;
  if (!isChunked(scan.transferEncoding)) return FAULTS.transferEncoding;
  head.framing = 'chunked';
  return undefined;
}
