/**
 * Owns the access log in the Common and Combined Log Formats of the NCSA and Apache httpd servers. Never the values of a
 * query: neither the request's nor the referrer's.
 */
import type { Exchange } from '../../contracts/exchange.js';
import type { AskedFor } from '../../contracts/message.js';
import { loggedUrl } from '../../http/url-value.js';
import type { AccessLogLines } from './access-log.js';

// Longer values are cut: a line is bounded whatever a client sends.
const MAX_VALUE_LENGTH = 1024;
// What would end a value or a line early, and all that is not printable ASCII.
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/g;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `combined` adds Referer and User-Agent. */
export const commonLines = (combined: boolean): AccessLogLines => {
  const time = clfClock();
  const rest = combined ? refererAndAgent : () => '';
  return {
    completed: (exchange, nowMs) =>
      `${exchange.client.address} - ${userOf(exchange)} [${time(nowMs)}] "${requestLine(exchange.request)}" ` +
      `${exchange.status} ${exchange.responseBytes === 0 ? '-' : exchange.responseBytes}${rest(exchange)}\n`,
    rejected: (request, nowMs) =>
      `${request.client} - - [${time(nowMs)}] "${request.asked === undefined ? '-' : requestLine(request.asked)}" ${request.status} -${combined ? ' "-" "-"' : ''}\n`,
  };
};

const requestLine = ({ method, path, query, httpVersion }: AskedFor): string =>
  escape(`${method} ${path}${query === '' ? '' : '?'} HTTP/${httpVersion}`);

/** Spaces separate the fields of a line, so none may stand in an unquoted one. */
const userOf = ({ identity }: Exchange): string =>
  identity?.subject === undefined ? '-' : escape(identity.subject).replaceAll(' ', '\\x20');

const refererAndAgent = ({ request }: Exchange): string =>
  ` "${escapeField(referrerOf(request))}" "${escapeField(request.fields.get('user-agent'))}"`;

const referrerOf = ({ fields }: Exchange['request']): string | undefined => {
  const referrer = fields.get('referer');
  return referrer === undefined ? undefined : loggedUrl(referrer);
};

/** As nginx and httpd do it: `\xHH` for each byte. Nothing becomes `-`. */
const escapeAs =
  (encoding: 'utf8' | 'latin1') =>
  (value: string | undefined): string => {
    if (value === undefined || value === '') return '-';
    return value
      .slice(0, MAX_VALUE_LENGTH)
      .replace(NEEDS_ESCAPE, (character) =>
        [...Buffer.from(character, encoding)]
          .map((byte) => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`)
          .join(''),
      );
  };

const escape = escapeAs('utf8');
/** Fields hold bytes, one character each. */
const escapeField = escapeAs('latin1');

/** `21/Nov/2026:17:05:00 +0000`, made once a second. */
const clfClock = (): ((nowMs: number) => string) => {
  let second = -1;
  let shown = '';
  return (nowMs) => {
    const now = Math.floor(nowMs / 1000);
    if (now !== second) {
      second = now;
      // 2026-11-21T17:05:00.000Z
      const iso = new Date(now * 1000).toISOString();
      const month = MONTHS[Number(iso.slice(5, 7)) - 1] ?? '';
      shown = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
    }
    return shown;
  };
};
