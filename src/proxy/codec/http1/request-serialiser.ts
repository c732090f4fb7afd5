import type { RequestHead } from '../../../contracts/message.js';
import type { UpstreamRequest } from '../../../contracts/upstream.js';
import { FieldBlock, dropTable, fieldsOf } from '../../../http/field-block.js';
import * as known from '../../../http/known-fields.js';

/** Owns how a request head is written to an HTTP/1.1 upstream: one Host, one framing, nothing of the client's hop. */

const HOP_BY_HOP = [
  known.HOST,
  known.CONNECTION,
  known.KEEP_ALIVE,
  known.PROXY_CONNECTION,
  known.PROXY_AUTHORIZATION,
  known.TRANSFER_ENCODING,
  known.CONTENT_LENGTH,
  known.TE,
  known.UPGRADE,
  known.HTTP2_SETTINGS,
  known.EXPECT,
];
/** What only Torus or a trusted peer may say of the client, and Via, which grows by one; the forwarder writes it anew into `addedLines`. X-Torus-Trace asks this gateway, and none behind it. */
const IDENTITY = [
  known.FORWARDED,
  known.X_FORWARDED_FOR,
  known.X_FORWARDED_PROTO,
  known.X_FORWARDED_HOST,
  known.X_FORWARDED_PORT,
  known.X_REAL_IP,
  known.X_REQUEST_ID,
  known.VIA,
  known.X_TORUS_TRACE,
];
const DROPPED = dropTable(...HOP_BY_HOP, ...IDENTITY);
const DROPPED_UNCHUNKED = dropTable(...HOP_BY_HOP, ...IDENTITY, known.TRAILER);

/** What of the client's fields no upstream is sent, by kind, whatever protocol it speaks. */
export function droppedOf(head: RequestHead): Uint8Array {
  return head.framing === 'chunked' ? DROPPED : DROPPED_UNCHUNKED;
}

export function serialiseRequestHead(request: UpstreamRequest): string {
  const { head } = request;
  const fields = request.fields instanceof FieldBlock ? request.fields : fieldsOf(request.fields.entries());
  const chunked = head.framing === 'chunked';
  let output = `${request.method} ${request.target} HTTP/1.1\r\n${request.addedLines}`;
  output += fields.serialise(droppedOf(head));
  if (chunked) output += 'transfer-encoding: chunked\r\n';
  else if (head.framing === 'length') output += `content-length: ${String(head.contentLength)}\r\n`;
  if (head.expectsContinue) output += 'expect: 100-continue\r\n';
  if (request.upgrade !== undefined) output += `connection: upgrade\r\nupgrade: ${request.upgrade}\r\n`;
  return `${output}\r\n`;
}
