import type { CloseReason } from './close-reason.js';
import type { Exchange } from './exchange.js';
import type { AskedFor } from './message.js';

export type SocketSide = 'downstream' | 'upstream';

/** A request that never became an exchange: bad head, timeout. Status 0 when nothing was answered. */
export interface RejectedRequest {
  /** The same as in the answer. */
  readonly id: string;
  readonly listener: string;
  readonly status: number;
  readonly cause: string;
  readonly detail: string | undefined;
  /** Address of the peer. */
  readonly client: string;
  /** Of a head that could be read all the same; a path that is ambiguous is the one that was sent. */
  readonly asked?: AskedFor | undefined;
}

/**
 * `sent`: answered; `failed`: sent, but not answered in time or at all; `dropped-...`: never sent, because too many were under
 * way, the body was too long, the client broke off or was slow, limits of the upstream refused it, or the worker stops.
 */
export type MirrorResult =
  | 'sent'
  | 'failed'
  | 'dropped-in-flight'
  | 'dropped-body'
  | 'dropped-incomplete'
  | 'dropped-limit'
  | 'dropped-shutdown';

export interface MirrorComparison {
  readonly sameStatus: boolean;
  readonly slowerMs: number;
}

/**
 * Where the data plane reports facts. Called on the hot path: implementations add to counters and return; they must not
 * throw. `owner` is the listener's name or the endpoint's `host:port`.
 */
export interface Telemetry {
  socketOpened(side: SocketSide, owner: string): void;
  /** Exactly once for each socket that was opened. */
  socketClosed(side: SocketSide, owner: string, reason: CloseReason): void;
  /** A connection was refused before any byte was read: `cap`, `overload`, `accept-error` ... */
  connectionRefused(listener: string, reason: string): void;
  /** `resumed`: by a session ticket, without the work of a full handshake. */
  tlsHandshakeDone(listener: string, version: string, resumed: boolean): void;
  tlsHandshakeFailed(listener: string, code: string): void;
  requestRejected(request: RejectedRequest): void;
  exchangeStarted(exchange: Exchange): void;
  /** Exactly once an exchange. */
  exchangeCompleted(exchange: Exchange): void;
  /** A new request was answered 503 because this resource ran out. */
  requestShed(resource: string): void;
  /** One more attempt of an exchange: `reason` is the condition that allowed it, or `hedge`. */
  retried(upstream: string, reason: string): void;
  /** A failure that the route would have tried again was not: `budget`, `body`, `retry-after`. */
  retrySkipped(upstream: string, reason: string): void;
  /** So many more (or, below 0, fewer) attempts wait for a place or a connection. */
  upstreamPending(upstream: string, change: number): void;
  /** An attempt was refused by a limit: `requests`, `adaptive`, `queue-full`, `queue-timeout`, `endpoint`. */
  upstreamOverflow(upstream: string, reason: string): void;
  /** What speaks against an endpoint: an attempt that ended with this cause, or an answer from 500 to 599 (`5xx`). */
  endpointFailed(upstream: string, endpoint: string, reason: string): void;
  /** A request of a route with a split goes to this upstream. */
  splitChosen(route: string, upstream: string): void;
  /** What became of the copy of a request; exactly once for each request that was to be copied. */
  mirrored(route: string, upstream: string, result: MirrorResult): void;
  /** Original and copy were both answered. `slowerMs`: how much longer the copy took; negative where it was quicker. */
  mirrorCompared(route: string, upstream: string, comparison: MirrorComparison): void;
  /**
   * The adaptive limit is this from now on; undefined when there is none any more. `since` is when the limit was made
   * (monotonic milliseconds): after a reload an older one has no say.
   */
  concurrencyLimit(upstream: string, limit: number | undefined, since: number): void;
}
