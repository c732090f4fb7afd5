import type { Exchange } from '../../contracts/exchange.js';
import type { ForwardQuestion } from '../../contracts/forwarder.js';

/** Owns what the upstream is told of the time it has left. Only for routes that ask for it. */

/** Takes out what the client says, which is believed of trusted peers only. Milliseconds, counted from the request head; 0 for no limit. */
export function takeClaimedDeadline(
  { exchange, fields }: Pick<ForwardQuestion, 'exchange' | 'fields'>,
  name: string,
): number {
  const claimed = fields.get(name);
  if (claimed === undefined) return 0;
  fields.remove(name);
  return exchange.client.trusted && /^\d{1,9}$/.test(claimed) ? Number(claimed) : 0;
}

export interface Deadlines {
  readonly field: string;
  /** What was claimed; 0 for nothing. */
  readonly claimedMs: number;
  /** The route's, for the whole exchange; 0 for none. */
  readonly requestMs: number;
  /** The route's, for one try; 0 for none. */
  readonly perTryMs: number;
}

/** The line, ended by CRLF, or nothing when there is no limit. At least one millisecond: 0 would mean none to some. */
export function deadlineLine(exchange: Exchange, deadlines: Deadlines, nowMs: number): string {
  const { field, claimedMs, requestMs, perTryMs } = deadlines;
  const goneMs = nowMs - exchange.startedAt;
  let leftMs = Infinity;
  if (claimedMs > 0) leftMs = claimedMs - goneMs;
  if (requestMs > 0) leftMs = Math.min(leftMs, requestMs - goneMs);
  if (perTryMs > 0) leftMs = Math.min(leftMs, perTryMs);
  return leftMs === Infinity ? '' : `${field}: ${String(Math.max(1, Math.floor(leftMs)))}\r\n`;
}
