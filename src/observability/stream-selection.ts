/** Owns the choice among running exchanges: which fit a query, in which order, and no more of them than were asked for. */
import type { LiveExchange, StreamOrder, StreamQuery, StreamSelection } from '../contracts/live-view.js';

const bytesOf = ({ requestBytes, responseBytes }: LiveExchange): number => requestBytes + responseBytes;

const blockedMsOf = ({ blockedOnClientMs, blockedOnUpstreamMs }: LiveExchange): number =>
  blockedOnClientMs + blockedOnUpstreamMs;

/** Whoever comes first has more. */
const ORDERS: Readonly<Record<StreamOrder, (left: LiveExchange, right: LiveExchange) => number>> = {
  age: (left, right) => right.ageMs - left.ageMs,
  bytes: (left, right) => bytesOf(right) - bytesOf(left),
  blocked: (left, right) =>
    right.blockedForMs - left.blockedForMs ||
    blockedMsOf(right) - blockedMsOf(left) ||
    right.ageMs - left.ageMs,
  buffered: (left, right) => right.bufferedBytes - left.bufferedBytes,
  // Where nothing has streamed, nothing has moved since the beginning.
  idle: (left, right) => (right.idleMs ?? right.ageMs) - (left.idleMs ?? left.ageMs),
};

export const STREAM_ORDERS = Object.keys(ORDERS) as readonly StreamOrder[];

/** The fields that must be just as asked. */
const EXACT = ['id', 'listener', 'client', 'route', 'upstream', 'endpoint', 'phase'] as const;

export const fitsQuery = (stream: LiveExchange, query: StreamQuery): boolean => {
  if (query.slowMs !== undefined && stream.ageMs < query.slowMs) return false;
  if (query.blocked === 'any' && stream.blocked === null) return false;
  if (query.blocked !== undefined && query.blocked !== 'any' && stream.blocked !== query.blocked)
    return false;
  return EXACT.every((field) => query[field] === undefined || query[field] === stream[field]);
};

/** Takes exchanges one by one, and never holds more than twice as many as are wanted. */
export class StreamSelector<Row extends LiveExchange> {
  readonly #query: StreamQuery;
  #rows: Row[] = [];
  #total = 0;
  #matched = 0;

  constructor(query: StreamQuery) {
    this.#query = query;
  }

  offer(row: Row): void {
    this.#total += 1;
    if (!fitsQuery(row, this.#query)) return;
    this.#matched += 1;
    this.#rows.push(row);
    if (this.#rows.length >= 2 * this.#query.limit) this.#prune();
  }

  /** Adds what somebody else has chosen by the same query. */
  add({ total, matched, streams }: StreamSelection<Row>): void {
    this.#total += total;
    this.#matched += matched;
    this.#rows.push(...streams);
    this.#prune();
  }

  selection(): StreamSelection<Row> {
    this.#prune();
    return { total: this.#total, matched: this.#matched, streams: this.#rows };
  }

  #prune(): void {
    this.#rows = this.#rows.sort(ORDERS[this.#query.sort]).slice(0, this.#query.limit);
  }
}
