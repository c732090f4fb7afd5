import type { OutgoingHttpHeaders } from 'node:http2';
import type { Fields } from '../../../contracts/fields.js';
import type { ResponseHead } from '../../../contracts/message.js';
import { httpDate } from '../../../http/date.js';

/** Owns how a response head and trailers are told to an HTTP/2 client: nothing of the upstream's connection (RFC 9113 section 8.2.2). */

export interface ResponseHeadWriting {
  /** -1 for no Content-Length. */
  readonly contentLength: number;
  /** Trailers may follow. */
  readonly withTrailers: boolean;
  readonly nowMs: number;
}

const DROPPED = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'te',
  'upgrade',
  'http2-settings',
]);

/** Their values hold commas of their own. Lines of any other name are one list (RFC 9110 section 5.3), and Node wants them so. */
const KEPT_APART = new Set(['set-cookie', 'www-authenticate', 'proxy-authenticate']);

export function responseHeadersOf(head: ResponseHead, writing: ResponseHeadWriting): OutgoingHttpHeaders {
  const headers = headersOf(head.fields);
  headers[':status'] = head.status;
  if (!writing.withTrailers) delete headers.trailer;
  if (head.status < 200) return headers;
  headers.date ??= httpDate(writing.nowMs);
  // RFC 9110 section 8.6: no Content-Length on 204.
  if (writing.contentLength >= 0 && head.status !== 204) headers['content-length'] = writing.contentLength;
  return headers;
}

export function headersOf(fields: Fields): OutgoingHttpHeaders {
  const headers = Object.create(null) as Record<string, string | string[] | number>;
  for (const [name, value] of fields.entries()) {
    if (DROPPED.has(name)) continue;
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else if (!KEPT_APART.has(name)) headers[name] = `${String(before)}, ${value}`;
    else if (Array.isArray(before)) before.push(value);
    else headers[name] = [String(before), value];
  }
  return headers;
}
