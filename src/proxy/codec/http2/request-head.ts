import type { RequestHead } from '../../../contracts/message.js';
import { hostOf } from '../../../http/authority.js';
import { TARGET, TOKEN, consistsOf } from '../../../http/characters.js';
import { FieldBlock } from '../../../http/field-block.js';
import { parseContentLength } from '../../../http/framing.js';
import { normalisePath } from '../../../http/request-path.js';
import type { HeadFault } from '../http1/head-fault.js';
import { ambiguousPath, requestFault } from '../http1/head-fault.js';
import type { FieldSection, FieldSectionLimits } from './field-section.js';
import { readFieldSection } from './field-section.js';

/** Owns the strict reading of one HTTP/2 request head (RFC 9113 section 8.3.1): by the rules that hold for HTTP/1.1 too. */

export interface Http2HeadOptions {
  /** Of the connection: what the client says in `:scheme` only has to be one of the two. */
  readonly scheme: 'http' | 'https';
  /** No body follows. */
  readonly endStream: boolean;
  readonly limits: FieldSectionLimits & { readonly requestLineBytes: number };
}

/** A request head as HTTP/2 carries it. */
export class Http2RequestHead implements RequestHead {
  method = '';
  scheme: 'http' | 'https' = 'https';
  authority = '';
  host = '';
  path = '';
  query = '';
  readonly httpVersion = '2';
  fields: FieldBlock = NO_FIELDS;
  framing: 'none' | 'length' | 'chunked' = 'none';
  contentLength = 0;
  expectsContinue = false;
  /** HTTP/2 has no Upgrade (RFC 9113 section 8.6), but extended CONNECT asks for the same (RFC 8441). */
  upgrade: string | undefined = undefined;
  connect: 'extended' | 'tcp' | undefined = undefined;
  /** Names and values together. */
  bytes = 0;
}

const NO_FIELDS = new FieldBlock();

const FAULTS = {
  pseudo: requestFault('pseudo-field'),
  targetLength: requestFault('target-length', 'downstream.head.target-too-long'),
  method: requestFault('method'),
  methodUnsupported: requestFault('method', 'downstream.head.method-unsupported'),
  scheme: requestFault('scheme'),
  target: requestFault('target'),
  authority: requestFault('authority'),
  host: requestFault('host'),
  connectContent: requestFault('connect-content'),
  contentLength: requestFault('content-length'),
  expect: requestFault('expect', 'downstream.head.expectation-unsupported'),
};
const SECTION_FAULTS = new Map<string, HeadFault>([
  ...['pseudo-field', 'field-name', 'field-value', 'connection-specific', 'te'].map(
    (rule) => [rule, requestFault(rule)] as const,
  ),
  ...['field-count', 'head-size'].map(
    (rule) => [rule, requestFault(rule, 'downstream.head.too-large')] as const,
  ),
]);

const REQUEST_PSEUDO = new Set([':method', ':scheme', ':path', ':authority']);
/** RFC 9113 section 8.5. */
const CONNECT_PSEUDO = new Set([':method', ':authority']);
/** RFC 8441 section 4. */
const EXTENDED_PSEUDO = new Set([...REQUEST_PSEUDO, ':protocol']);
/** RFC 8441 section 5: HTTP/2 has no use for them; Torus makes its own for an HTTP/1.1 upstream. */
const HANDSHAKE_FIELDS = ['sec-websocket-key', 'sec-websocket-accept'];
/** Two spaces and the version: what the line would hold besides method and target. */
const LINE_REST = 10;

/** `pairs` is name, value, name, value ... Returns the head, or the rule it breaks. */
export function parseHttp2RequestHead(
  pairs: readonly string[],
  options: Http2HeadOptions,
): Http2RequestHead | HeadFault {
  const section = readFieldSection(pairs, options.limits);
  if (section.fault !== '') return SECTION_FAULTS.get(section.fault) ?? FAULTS.pseudo;
  const head = new Http2RequestHead();
  head.scheme = options.scheme;
  head.fields = section.fields;
  head.bytes = section.bytes;
  return (
    applyMethod(head, section) ??
    applyAuthority(head, section) ??
    applyTarget(head, section, options.limits.requestLineBytes) ??
    (head.connect === undefined ? undefined : tunnelFault(head, section, options.endStream)) ??
    applyFraming(head, section, options.endStream || head.connect !== undefined) ??
    head
  );
}

function applyMethod(head: Http2RequestHead, { pseudo }: FieldSection): HeadFault | undefined {
  const method = pseudo.get(':method') ?? '';
  if (!consistsOf(method, TOKEN)) return FAULTS.method;
  head.method = method;
  if (method === 'CONNECT') applyConnect(head, pseudo);
  const known = head.connect === undefined ? REQUEST_PSEUDO : pseudoOf(head.connect);
  for (const name of pseudo.keys()) if (!known.has(name)) return FAULTS.pseudo;
  // As in HTTP/1.1: it would show the client what only the upstream should see.
  if (method === 'TRACE') return FAULTS.methodUnsupported;
  if (head.connect === 'tcp') return undefined;
  return /^https?$/i.test(pseudo.get(':scheme') ?? '') ? undefined : FAULTS.scheme;
}

/** An extended CONNECT is the GET with an Upgrade that it would be over HTTP/1.1: the same routes and filters are for both. */
function applyConnect(head: Http2RequestHead, pseudo: ReadonlyMap<string, string>): void {
  const protocol = pseudo.get(':protocol');
  head.connect = protocol === undefined ? 'tcp' : 'extended';
  if (protocol === undefined) return;
  head.method = 'GET';
  head.upgrade = protocol.toLowerCase();
}

const pseudoOf = (connect: 'extended' | 'tcp'): ReadonlySet<string> =>
  connect === 'tcp' ? CONNECT_PSEUDO : EXTENDED_PSEUDO;

/** What follows a CONNECT is the tunnel: there must be some, and no content. */
function tunnelFault(
  head: Http2RequestHead,
  { contentLengths }: FieldSection,
  endStream: boolean,
): HeadFault | undefined {
  if (endStream && head.connect === 'tcp') return FAULTS.methodUnsupported;
  if (endStream || contentLengths.length > 0) return FAULTS.connectContent;
  if (head.connect === 'tcp') return /:\d+$/.test(head.authority) ? undefined : FAULTS.authority;
  if (!consistsOf(head.upgrade ?? '', TOKEN)) return FAULTS.pseudo;
  for (const name of HANDSHAKE_FIELDS) head.fields.remove(name);
  return undefined;
}

/** RFC 9113 section 8.3.1: `:authority`, or Host in its place; two that differ are two readings of one request. */
function applyAuthority(head: Http2RequestHead, { pseudo, hosts }: FieldSection): HeadFault | undefined {
  if (hosts.length > 1) return FAULTS.host;
  const authority = pseudo.get(':authority') ?? hosts[0];
  if (authority === undefined) return FAULTS.authority;
  if (hosts[0] !== undefined && hosts[0].toLowerCase() !== authority.toLowerCase()) return FAULTS.host;
  const host = hostOf(authority);
  if (host === undefined) return FAULTS.authority;
  head.authority = authority;
  head.host = host;
  return undefined;
}

function applyTarget(
  head: Http2RequestHead,
  { pseudo }: FieldSection,
  lineBytes: number,
): HeadFault | undefined {
  if (head.connect === 'tcp') {
    head.path = '/';
    return undefined;
  }
  const target = pseudo.get(':path') ?? '';
  if (head.method.length + target.length + LINE_REST > lineBytes) return FAULTS.targetLength;
  if (target === '*' && head.method === 'OPTIONS') {
    head.path = '*';
    return undefined;
  }
  if (target.charCodeAt(0) !== 47 || !consistsOf(target, TARGET)) return FAULTS.target;
  const mark = target.indexOf('?');
  const path = normalisePath(mark < 0 ? target : target.slice(0, mark));
  if (path === undefined) return ambiguousPath(head, target);
  head.path = path;
  if (mark >= 0) head.query = target.slice(mark);
  return undefined;
}

/** What an HTTP/1.1 upstream needs to know: the length where the client said it, chunks where a body comes without one. */
function applyFraming(
  head: Http2RequestHead,
  { contentLengths, expects }: FieldSection,
  endStream: boolean,
): HeadFault | undefined {
  if (contentLengths.length > 1) return FAULTS.contentLength;
  const [stated] = contentLengths;
  if (stated !== undefined) {
    head.contentLength = parseContentLength(stated);
    if (head.contentLength < 0 || (endStream && head.contentLength > 0)) return FAULTS.contentLength;
    head.framing = 'length';
  } else if (!endStream) head.framing = 'chunked';
  if (expects.length === 0) return undefined;
  if (expects.length > 1 || expects[0]?.toLowerCase() !== '100-continue') return FAULTS.expect;
  head.expectsContinue = !endStream;
  return undefined;
}
