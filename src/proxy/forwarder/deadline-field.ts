import type { ForwardQuestion } from '../../contracts/forwarder.js';
import { grpcTimeoutLine } from '../../http/grpc.js';

/** Owns what the upstream is told of the time it has left. Only for routes that ask for it. */

/** Takes out what the client says, which is believed of trusted peers only. Milliseconds, counted from the request head; 0 for no limit. */
export function takeClaimedDeadline(
  { exchange, fields }: Pick<ForwardQuestion, 'exchange' | 'fields'>,
  name: string | undefined,
): number {
  const claimed = name === undefined ? undefined : fields.get(name);
  if (name === undefined || claimed === undefined) return 0;
  fields.remove(name);
  return exchange.client.trusted && /^\d{1,9}$/.test(claimed) ? Number(claimed) : 0;
}

/**
 * The lines that tell the upstream, each ended by CRLF: that of a gRPC call, and the field that the route asks for. `claimedMs` is
 * what was claimed; 0 for nothing.
 */
export function deadlineLines(
  { exchange, route }: Pick<ForwardQuestion, 'exchange' | 'route'>,
  claimedMs: number,
  nowMs: number,
): string {
  const { timeouts, retry } = route.config;
  const ofCall = grpcTimeoutLine(exchange.grpc, nowMs);
  if (timeouts.deadlineField === undefined) return ofCall;
  const goneMs = nowMs - exchange.startedAt;
  const perTryMs = retry?.perTryTimeoutMs ?? 0;
  let leftMs = Infinity;
  if (claimedMs > 0) leftMs = claimedMs - goneMs;
  if (timeouts.requestMs > 0) leftMs = Math.min(leftMs, timeouts.requestMs - goneMs);
  if (perTryMs > 0) leftMs = Math.min(leftMs, perTryMs);
  if (leftMs === Infinity) return ofCall;
  // At least one millisecond: 0 would mean none to some.
  return `${ofCall}${timeouts.deadlineField}: ${String(Math.max(1, Math.floor(leftMs)))}\r\n`;
}
