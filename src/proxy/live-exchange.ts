import type { LiveExchange } from '../contracts/live-view.js';
import type { Body } from '../contracts/message.js';
import type { ProxyExchange } from './exchange.js';

/** Owns the description of a running exchange. All of it is read when somebody asks: running costs nothing more. */

/**
 * A response that was sent whole is the client's to take from then on; below this, milliseconds, the wait is that of Torus's own
 * event loop and of the clock's tick.
 */
export const WHOLE_WAIT_MS = 50;

/** What of it says how its bytes flow. */
type FlowPart = Pick<
  LiveExchange,
  | 'bufferedBytes'
  | 'peakBufferedBytes'
  | 'blocked'
  | 'blockedForMs'
  | 'blockedOnClientMs'
  | 'blockedOnUpstreamMs'
>;

/** `nowMs` is on the monotonic clock; `body` that of the request. */
export function describeExchange(exchange: ProxyExchange, nowMs: number, body: Body): LiveExchange {
  const { request, client, phase } = exchange;
  return {
    id: exchange.id,
    protocol: request.httpVersion === '2' ? 'http/2' : `http/${request.httpVersion}`,
    tunnel: phase === 'tunnel' ? (request.upgrade ?? request.connect ?? null) : null,
    listener: client.listener,
    client: client.address,
    method: request.method,
    host: request.host,
    path: request.path,
    route: exchange.route?.name ?? null,
    upstream: exchange.upstream ?? null,
    endpoint: exchange.endpoint ?? null,
    phase,
    status: exchange.status,
    attempts: exchange.attempts,
    ageMs: Math.round(nowMs - exchange.startedAt),
    idleMs: idleMsOf(exchange, nowMs),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    ...flowOf(exchange, nowMs, body),
  };
}

/** The clock of the last byte is a coarse one, and behind by up to a tick. */
function idleMsOf({ flow }: ProxyExchange, nowMs: number): number | null {
  const lastMs = flow?.lastMovedAtMs ?? -1;
  return lastMs < 0 ? null : Math.max(0, Math.round(nowMs - lastMs));
}

function flowOf(exchange: ProxyExchange, nowMs: number, body: Body): FlowPart {
  const wholeMs = exchange.phase === 'response' ? exchange.wholeWaitMs(nowMs - exchange.startedAt) : 0;
  if (wholeMs >= WHOLE_WAIT_MS) return flowOfWhole(exchange, wholeMs);
  const { flow } = exchange;
  if (flow === undefined) return flowOfNone(body);
  const now = flow.blockedNow();
  const { bufferedBytes } = flow;
  return {
    bufferedBytes,
    peakBufferedBytes: Math.max(bufferedBytes, flow.peakBufferedBytes),
    blocked: now?.side ?? null,
    blockedForMs: Math.round(now?.forMs ?? 0),
    blockedOnClientMs: Math.round(flow.blockedOnClientMs),
    blockedOnUpstreamMs: Math.round(flow.blockedOnUpstreamMs),
  };
}

/** All of the response was handed over, and the client has not taken it. */
function flowOfWhole({ flow, wholeResponseBytes }: ProxyExchange, wholeMs: number): FlowPart {
  const forMs = Math.round(wholeMs);
  return {
    bufferedBytes: wholeResponseBytes,
    peakBufferedBytes: Math.max(wholeResponseBytes, flow?.peakBufferedBytes ?? 0),
    blocked: 'client',
    blockedForMs: forMs,
    blockedOnClientMs: forMs,
    blockedOnUpstreamMs: Math.round(flow?.blockedOnUpstreamMs ?? 0),
  };
}

/** Nothing has streamed: the upstream has not been asked, or has all there is. What has come of a long request is held here. */
function flowOfNone(body: Body): FlowPart {
  const bytes = body.kind === 'stream' ? (body.stream.waitingBytes ?? body.stream.readableLength) : 0;
  return {
    ...{ bufferedBytes: bytes, peakBufferedBytes: bytes, blocked: null, blockedForMs: 0 },
    ...{ blockedOnClientMs: 0, blockedOnUpstreamMs: 0 },
  };
}
