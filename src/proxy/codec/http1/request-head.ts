import type { HttpVersion, RequestHead } from '../../../contracts/message.js';
import { hostOf } from '../../../http/authority.js';
import * as characters from '../../../http/characters.js';
import type { ConnectionOptions } from '../../../http/connection-options.js';
import { parseConnection } from '../../../http/connection-options.js';
import { FieldBlock } from '../../../http/field-block.js';
import { isChunked, parseContentLength } from '../../../http/framing.js';
import { normalisePath } from '../../../http/request-path.js';
import type { FieldScan } from './field-lines.js';
import { scanFieldLines } from './field-lines.js';
import type { HeadFault } from './head-fault.js';
import { ambiguousPath, requestFault } from './head-fault.js';

/** Owns the strict reading of one HTTP/1.x request head (RFC 9112 sections 3 to 6). */

export interface RequestHeadLimits {
  readonly requestLineBytes: number;
  readonly headerCount: number;
  readonly allowUnderscores: boolean;
}

/** A request head as HTTP/1.x carries it. */
export class Http1RequestHead implements RequestHead {
  method = '';
  scheme: 'http' | 'https' = 'http';
  authority = '';
  host = '';
  path = '';
  query = '';
  httpVersion: HttpVersion = '1.1';
  fields: FieldBlock = NO_FIELDS;
  framing: 'none' | 'length' | 'chunked' = 'none';
  contentLength = 0;
  expectsContinue = false;
  upgrade: string | undefined = undefined;
  connect: 'tcp' | undefined = undefined;
  /** The client wants the connection to go on after this exchange. */
  keepAlive = true;
  connection: ConnectionOptions = NO_OPTIONS;
}

/** Constants of this module cost the loops below nothing; imported ones are looked up for every byte. */
const { CR, LF, SP, TARGET, TOKEN } = characters;
const NO_FIELDS = new FieldBlock();
const NO_OPTIONS = parseConnection('');

const FAULTS = {
  line: requestFault('request-line'),
  lineLength: requestFault('request-line-length', 'downstream.head.target-too-long'),
  version: requestFault('version', 'downstream.head.version-unsupported'),
  method: requestFault('method', 'downstream.head.method-unsupported'),
  target: requestFault('target'),
  host: requestFault('host'),
  fieldCount: requestFault('field-count', 'downstream.head.too-large'),
  contentLength: requestFault('content-length'),
  transferEncoding: requestFault('transfer-encoding', 'downstream.head.coding-unsupported'),
  ambiguousFraming: requestFault('ambiguous-framing'),
  connectContent: requestFault('connect-content'),
  expect: requestFault('expect', 'downstream.head.expectation-unsupported'),
};
const FIELD_FAULTS = new Map(
  ['field-name', 'field-colon', 'field-value', 'head-end'].map((rule) => [rule, requestFault(rule)]),
);

/**
 * Parses `bytes[start, end)`, which ends with the empty line. Returns the head, or the rule it breaks. Allocates one string
 * for the head and slices of it.
 */
// eslint-disable-next-line complexity -- the request line in one pass over the bytes, a rule a line
export function parseRequestHead(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  scheme: 'http' | 'https',
  limits: RequestHeadLimits,
): Http1RequestHead | HeadFault {
  const { start, end } = range;
  const head = new Http1RequestHead();
  head.scheme = scheme;

  let at = start;
  while (TOKEN[bytes[at] ?? 0] === 1) at += 1;
  const methodEnd = at;
  if (methodEnd === start || bytes[at] !== SP) return FAULTS.line;
  at += 1;
  const targetStart = at;
  while (TARGET[bytes[at] ?? 0] === 1) at += 1;
  const targetEnd = at;
  // A space and the version follow the target.
  if (at + 9 - start > limits.requestLineBytes) return FAULTS.lineLength;
  if (targetEnd === targetStart || bytes[at] !== SP) return FAULTS.line;
  const lineEnd = at + 9;
  if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) return FAULTS.line;

  const text = bytes.toString('latin1', start, end);
  head.method = text.slice(0, methodEnd - start);
  const version = versionOf(text.slice(targetEnd - start + 1, lineEnd - start));
  if (version === undefined) return FAULTS.line;
  if (version === 'unsupported') return FAULTS.version;
  head.httpVersion = version;
  // It would show the client what only the upstream should see.
  if (head.method === 'TRACE') return FAULTS.method;

  const scan = scanFieldLines(bytes, { base: start, position: lineEnd + 2, end }, text, limits);
  if (scan.fault !== '') return FIELD_FAULTS.get(scan.fault) ?? FAULTS.fieldCount;
  head.fields = new FieldBlock(text, scan.spans);
  const target = text.slice(targetStart - start, targetEnd - start);
  return (
    applyHost(head, scan) ??
    (head.method === 'CONNECT' ? applyConnectTarget(head, target) : applyTarget(head, target)) ??
    applyFraming(head, scan) ??
    applyConnection(head, scan) ??
    head
  );
}

/** RFC 9110 section 2.5: a higher minor version of HTTP/1 is served as HTTP/1.1; another major one is not spoken here. */
function versionOf(text: string): '1.0' | '1.1' | 'unsupported' | undefined {
  if (text === 'HTTP/1.1') return '1.1';
  if (text === 'HTTP/1.0') return '1.0';
  if (!/^HTTP\/\d\.\d$/.test(text)) return undefined;
  return text.startsWith('HTTP/1.') ? '1.1' : 'unsupported';
}

/** RFC 9112 section 3.2: exactly one Host in HTTP/1.1, and a valid one. */
function applyHost(head: Http1RequestHead, scan: FieldScan): HeadFault | undefined {
  if (scan.hostCount === 0) return head.httpVersion === '1.0' ? undefined : FAULTS.host;
  if (scan.hostCount > 1) return FAULTS.host;
  const host = hostOf(scan.host);
  if (host === undefined) return FAULTS.host;
  head.authority = scan.host;
  head.host = host;
  return undefined;
}

/** RFC 9112 section 3.2: origin-form, absolute-form (whose authority replaces Host), `*` for OPTIONS only. */
function applyTarget(head: Http1RequestHead, target: string): HeadFault | undefined {
  if (target.charCodeAt(0) === 47) return applyPath(head, target);
  if (target === '*' && head.method === 'OPTIONS') {
    head.path = '*';
    return undefined;
  }
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  if (absolute === null) return FAULTS.target;
  const host = hostOf(absolute[1] ?? '');
  if (host === undefined) return FAULTS.target;
  head.authority = absolute[1] ?? '';
  head.host = host;
  const rest = absolute[2] ?? '';
  // RFC 9112 section 3.2.4: OPTIONS about the server as a whole has no path in absolute-form.
  if (rest === '' && head.method === 'OPTIONS') {
    head.path = '*';
    return undefined;
  }
  return applyPath(head, rest.startsWith('/') ? rest : `/${rest}`);
}

/** RFC 9112 section 3.2.3: authority-form, with a port. */
function applyConnectTarget(head: Http1RequestHead, target: string): HeadFault | undefined {
  if (head.httpVersion === '1.0') return FAULTS.method;
  const host = hostOf(target);
  if (host === undefined || !/:\d+$/.test(target)) return FAULTS.target;
  head.authority = target;
  head.host = host;
  head.path = '/';
  head.connect = 'tcp';
  return undefined;
}

function applyPath(head: Http1RequestHead, pathAndQuery: string): HeadFault | undefined {
  const mark = pathAndQuery.indexOf('?');
  const path = normalisePath(mark < 0 ? pathAndQuery : pathAndQuery.slice(0, mark));
  if (path === undefined) return ambiguousPath(head, pathAndQuery);
  head.path = path;
  if (mark >= 0) head.query = pathAndQuery.slice(mark);
  return undefined;
}

/** RFC 9112 section 6.3, without its repairs: what two readers could frame differently is refused. */
function applyFraming(head: Http1RequestHead, scan: FieldScan): HeadFault | undefined {
  // RFC 9110 section 9.3.6: what follows a CONNECT is the tunnel, and nothing else.
  if (head.connect !== undefined && scan.transferEncodingCount + scan.contentLengthCount > 0)
    return FAULTS.connectContent;
  if (scan.transferEncodingCount > 0) return applyTransferEncoding(head, scan);
  if (scan.contentLengthCount === 0) return undefined;
  if (scan.contentLengthCount > 1) return FAULTS.contentLength;
  head.contentLength = parseContentLength(scan.contentLength);
  if (head.contentLength < 0) return FAULTS.contentLength;
  head.framing = 'length';
  return undefined;
}

function applyTransferEncoding(head: Http1RequestHead, scan: FieldScan): HeadFault | undefined {
  if (scan.contentLengthCount > 0 || scan.transferEncodingCount > 1) return FAULTS.ambiguousFraming;
  if (head.httpVersion === '1.0' || scan.transferEncoding === '') return FAULTS.ambiguousFraming;
  if (!isChunked(scan.transferEncoding)) return codingFault(scan.transferEncoding);
  head.framing = 'chunked';
  return undefined;
}

/** RFC 9112 section 6.3: only a list that ends in chunked has an end; before it may stand what section 6.1 answers with 501. */
function codingFault(transferEncoding: string): HeadFault {
  const codings = transferEncoding.toLowerCase().split(/[ \t]*,[ \t]*/);
  const hasEnd = !codings.includes('') && codings.indexOf('chunked') === codings.length - 1;
  return hasEnd ? FAULTS.transferEncoding : FAULTS.ambiguousFraming;
}

function applyConnection(head: Http1RequestHead, scan: FieldScan): HeadFault | undefined {
  const options = parseConnection(scan.connection);
  head.connection = options;
  // Fields for this hop are no part of the message that is routed, filtered and forwarded.
  for (const name of options.named) head.fields.remove(name);
  head.keepAlive = !options.close && (head.httpVersion === '1.1' || options.keepAlive);
  // What its client may have sent ahead for the tunnel must not become the next request.
  if (head.connect !== undefined) head.keepAlive = false;
  if (options.upgrade && scan.upgradeCount === 1) head.upgrade = upgradeOf(head, scan.upgrade);
  if (scan.expectCount === 0 || head.httpVersion === '1.0') return undefined;
  if (scan.expectCount > 1 || scan.expect.toLowerCase() !== '100-continue') return FAULTS.expect;
  head.expectsContinue = head.framing !== 'none';
  return undefined;
}

/** Only what can end in a tunnel: one protocol, asked for by a GET without a body. Anything else stays plain HTTP. */
function upgradeOf(head: Http1RequestHead, protocol: string): string | undefined {
  const usable = head.method === 'GET' && head.framing === 'none' && head.httpVersion === '1.1';
  return usable && /^[\w!#$%&'*+.^`|~/-]+$/.test(protocol) ? protocol.toLowerCase() : undefined;
}
