import type { Cause } from '../contracts/cause.js';
import type { ClientInfo, FailedAttempt } from '../contracts/exchange.js';
import type { Fields } from '../contracts/fields.js';
import type { Filter } from '../contracts/filter.js';
import type { IpSet } from '../http/ip-set.js';
import { quotedText } from '../http/quoted-text.js';
import type { ProxyExchange } from './exchange.js';

/**
 * Owns the answer to `x-torus-trace`: what became of one request, told in a field of its response. A dictionary of structured
 * fields (RFC 9651), so that programs can read it too. Exists only for requests of clients that ask and may.
 */

export const TRACE_FIELD = 'x-torus-trace';

/** Values that say no. */
const NO = new Set(['', '0', '?0', 'false', 'off', 'no']);

/**
 * Judged by the address that the request counts for: who comes from outside through a trusted proxy is as little trusted as who
 * comes directly.
 */
export function traceAskedFor(client: ClientInfo, fields: Fields, from: IpSet): TraceReport | undefined {
  const asked = fields.get(TRACE_FIELD);
  if (asked === undefined || NO.has(asked.toLowerCase()) || !from.has(client.address)) return undefined;
  return new TraceReport();
}

interface AskedFilter {
  readonly name: string;
  status: number | undefined;
}

export class TraceReport {
  private readonly filters: AskedFilter[] = [];

  asks(filter: Pick<Filter, 'name'> | undefined): void {
    this.filters.push({ name: filter?.name ?? '', status: undefined });
  }

  /** The filter that was asked last answers. */
  isAnswered(status: number): void {
    const last = this.filters.at(-1);
    if (last !== undefined) last.status = status;
  }

  /** As far as it is known when the head of the response is written. */
  render(exchange: ProxyExchange, cause: Cause, nowMs: number): string {
    const { failedAttempts = [], attempts, client } = exchange;
    const members: readonly (string | undefined)[] = [
      `id=${quotedText(exchange.id)}`,
      `pid=${String(process.pid)}`,
      `listener=${quotedText(client.listener)}`,
      `client=${quotedText(client.address)}`,
      optional('route', exchange.route?.name),
      this.filters.length === 0 ? undefined : `filters=(${this.filters.map(filterItem).join(' ')})`,
      optional('upstream', exchange.upstream),
      optional('endpoint', exchange.endpoint),
      `attempts=${String(attempts)}`,
      failedAttempts.length === 0 ? undefined : `failed=(${failedAttempts.map(attemptItem).join(' ')})`,
      attempts === 0 ? undefined : `reused=${exchange.reusedConnection ? '?1' : '?0'}`,
      reached('connected-ms', exchange.connectedAfterMs),
      reached('response-head-ms', exchange.responseHeadAfterMs),
      `total-ms=${decimal(nowMs - exchange.startedAt)}`,
      `status=${String(exchange.status)}`,
      `cause=${quotedText(cause)}`,
      optional('detail', exchange.detail),
    ];
    return members.filter((member) => member !== undefined).join(', ');
  }
}

const filterItem = ({ name, status }: AskedFilter): string =>
  status === undefined
    ? `${quotedText(name)};verdict=continues`
    : `${quotedText(name)};verdict=answers;status=${String(status)}`;

const attemptItem = ({ endpoint = '', cause, afterMs }: FailedAttempt): string =>
  `${quotedText(endpoint)};cause=${quotedText(cause)};after-ms=${decimal(afterMs)}`;

const optional = (key: string, value: string | undefined): string | undefined =>
  value === undefined ? undefined : `${key}=${quotedText(value)}`;

const reached = (key: string, afterMs: number): string | undefined =>
  afterMs < 0 ? undefined : `${key}=${decimal(afterMs)}`;

/** RFC 9651 section 4.1.5: at most three digits after the point. */
const decimal = (value: number): string => value.toFixed(3);
