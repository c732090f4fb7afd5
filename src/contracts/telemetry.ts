import type { Exchange } from './exchange.js';

export type SocketSide = 'downstream' | 'upstream';

/**
 * Where the data plane reports facts. Called on the hot path: implementations add to counters and return; they must not
 * throw. `owner` is the listener's name or the endpoint's `host:port`.
 */
export interface Telemetry {
  socketOpened(side: SocketSide, owner: string): void;
  /** `reason` is a short word: `peer-closed`, `idle`, `error`, `drain`, `aborted`, `limit` ... */
  socketClosed(side: SocketSide, owner: string, reason: string): void;
  /** A connection was refused before any byte was read: `cap`, `draining` ... */
  connectionRefused(listener: string, reason: string): void;
  tlsHandshakeFailed(listener: string, code: string): void;
  /** A request that never became an exchange: bad head, timeout. Status 0 when nothing was answered. */
  requestRejected(
    listener: string,
    status: number,
    cause: string,
    detail: string | undefined,
    peerAddress: string,
  ): void;
  exchangeStarted(exchange: Exchange): void;
  /** Exactly once an exchange. */
  exchangeCompleted(exchange: Exchange): void;
  retried(upstream: string, reason: string): void;
}
