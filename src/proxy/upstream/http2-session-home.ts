import type { UpstreamHttp2Config } from '../../contracts/config.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { AttemptFailure } from '../../contracts/upstream.js';
import type { BusyEndpoint } from './connection-home.js';
import type { AlpnProtocol, Dialer } from './dialer.js';
import type { Http2UpstreamSession } from './http2-session.js';

/** The pool as its HTTP/2 connections see it. */
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
  onReady(session: Http2UpstreamSession): void;
  /** One of its exchanges has ended. */
  onRoom(session: Http2UpstreamSession): void;
  /** The endpoint prefers HTTP/1.1. `onConnectFailed` follows. */
  onHttp1Chosen(session: Http2UpstreamSession): void;
  /** It never became ready. */
  onConnectFailed(session: Http2UpstreamSession, failure: AttemptFailure): void;
  /** It takes no further exchange. Idempotent. */
  forget(session: Http2UpstreamSession): void;
}
