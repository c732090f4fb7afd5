/** Owns the reason phrases of statuses (RFC 9110 section 15): those that Torus itself answers with, and those of HTTP/2, which has none. */
import { STATUS_CODES } from 'node:http';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

/** Empty for a status not in the table: a reason phrase may be empty. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? '';
}

/** What HTTP/1.1 says with a status that came without a phrase. */
export function standardReasonOf(status: number): string {
  return STATUS_CODES[status] ?? '';
}
