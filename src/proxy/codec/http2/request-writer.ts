import type { OutgoingHttpHeaders } from 'node:http2';
import type { UpstreamRequest } from '../../../contracts/upstream.js';
import { kindNamed } from '../../../http/known-fields.js';
import { droppedOf } from '../http1/request-serialiser.js';

/** Owns how a request head is told to an HTTP/2 upstream (RFC 9113 section 8.3.1): the fields that HTTP/1.1 would be sent, and no others. */

/** `scheme` is that of the connection: servers refuse what does not fit it. */
export function requestHeadersOf(request: UpstreamRequest, scheme: 'http' | 'https'): OutgoingHttpHeaders {
  const { head, fields } = request;
  const headers = Object.create(null) as Record<string, string>;
  headers[':method'] = request.method;
  headers[':scheme'] = scheme;
  headers[':path'] = request.target;
  addLines(headers, request.addedLines);
  const dropped = droppedOf(head);
  for (const [name, value] of fields.entries()) if (dropped[kindNamed(name)] === 0) add(headers, name, value);
  if (head.framing === 'length') headers['content-length'] = String(head.contentLength);
  if (head.expectsContinue) headers['expect'] = '100-continue';
  // RFC 9113 section 8.2.2: the one thing TE may say. gRPC servers insist on it.
  if (fields.getAll('te').some(acceptsTrailers)) headers['te'] = 'trailers';
  return headers;
}

/** The lines that Torus adds, as HTTP/1.1 writes them: Host becomes `:authority`. */
function addLines(headers: Record<string, string>, lines: string): void {
  for (const line of lines.split('\r\n')) {
    const colon = line.indexOf(': ');
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    add(headers, name === 'host' ? ':authority' : name, line.slice(colon + 2));
  }
}

/** Lines of one name are one list (RFC 9110 section 5.3), or one cookie (RFC 9113 section 8.2.3). */
function add(headers: Record<string, string>, name: string, value: string): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
}

function acceptsTrailers(te: string): boolean {
  return te.split(',').some((member) => member.trim().toLowerCase() === 'trailers');
}
