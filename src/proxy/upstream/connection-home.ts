import type { UpstreamCloseReason } from '../../contracts/close-reason.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { AttemptObserver, Checkout, CheckoutOptions, Endpoint } from '../../contracts/upstream.js';
import type { Dialer } from './dialer.js';

/** What a connection and the pool it belongs to know of each other. */

export interface PooledConnection extends Checkout {
  /** It serves checkouts with the same one only. */
  readonly preamble: string | undefined;
  /** What it does now; until it is closed, one that is about to is active. */
  readonly state: 'connecting' | 'idle' | 'active' | 'tunnels';
  /** Gives the connection to one exchange. Calls back at once when it is connected already. */
  assign(observer: AttemptObserver, options: CheckoutOptions): void;
  /** Waits in the pool until it is assigned or its idle time is over. */
  rest(): void;
  /** Milliseconds since it began to rest. */
  readonly restedMs: number;
  /** Closes it while it rests, for this reason. */
  evict(reason: UpstreamCloseReason): void;
  /** `aborted` unless said. */
  destroy(reason?: UpstreamCloseReason): void;
}

/** The endpoint as its connections see it. */
export interface BusyEndpoint extends Endpoint {
  /** Exchanges that hold one of its connections. */
  active: number;
}

export interface ConnectionHome {
  readonly endpoint: BusyEndpoint;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly idleTimeoutMs: number;
  /** Takes back a connection whose exchange ended cleanly, or one that nobody waits for any more. */
  putBack(connection: PooledConnection): void;
  /** A connection is gone. Idempotent. */
  forget(connection: PooledConnection): void;
}
