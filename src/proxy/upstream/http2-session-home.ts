import type { UpstreamCloseReason } from '../../contracts/close-reason.js';
import type { UpstreamHttp2Config } from '../../contracts/config.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { AttemptFailure, AttemptObserver, Checkout, CheckoutOptions } from '../../contracts/upstream.js';
import type { BusyEndpoint } from './connection-home.js';
import type { AlpnProtocol, Dialer } from './dialer.js';

/** What an HTTP/2 connection and the pool it belongs to know of each other. */

/** A connection as its pool sees it. */
export interface PooledSession {
  /** Exchanges in the queue that count on it while it connects. */
  awaited: number;
  readonly isConnecting: boolean;
  /** It may carry one more exchange now. */
  readonly hasRoom: boolean;
  readonly isIdle: boolean;
  /** What it does now; until it is closed, one that is about to is active. */
  readonly state: 'connecting' | 'idle' | 'active';
  /** It has waited for an exchange: it may have been closed meanwhile, without anybody having noticed. */
  readonly hasRested: boolean;
  /** Exchanges at once, as far as is known. */
  readonly capacity: number;
  /** Begins an exchange. Call it only while there is room. */
  assign(observer: AttemptObserver, options: CheckoutOptions): Checkout;
  /** Waits without an exchange until its idle time is over. */
  rest(): void;
  /** Milliseconds since it began to rest. Only of idle ones. */
  readonly restedMs: number;
  /** Takes no further exchange, and closes after the last one. */
  retire(reason: UpstreamCloseReason): void;
}

/** The pool as its connections see it. */
export interface SessionHome {
  readonly endpoint: BusyEndpoint;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly settings: UpstreamHttp2Config;
  /** What is offered by ALPN. */
  readonly protocols: readonly AlpnProtocol[];
  /** TCP, TLS and the endpoint's SETTINGS together. */
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** It may be used; also when the endpoint has changed how much. */
  onReady(session: PooledSession): void;
  /** One of its exchanges has ended. */
  onRoom(session: PooledSession): void;
  /** The endpoint prefers HTTP/1.1. `onConnectFailed` follows. */
  onHttp1Chosen(session: PooledSession): void;
  /** It never became ready. */
  onConnectFailed(session: PooledSession, failure: AttemptFailure): void;
  /** Its socket is closed. */
  onClosed(session: PooledSession): void;
  /** It takes no further exchange. Idempotent. */
  forget(session: PooledSession): void;
}
