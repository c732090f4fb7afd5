import type { AttemptObserver, Checkout, CheckoutOptions } from '../../contracts/upstream.js';

/** Connections by what they do now. */
export interface PoolCensus {
  readonly connecting: number;
  readonly idle: number;
  readonly active: number;
  readonly tunnels: number;
  /** Exchanges that wait for a connection. */
  readonly waiting: number;
  /** So many of those that wait count as running on the endpoint already. */
  readonly waitingCounted: number;
}

/** The connections of this worker to one endpoint, whatever protocol they speak. */
export interface ConnectionPool {
  /** Calls `onConnected` before returning when a connection is at hand; see `Upstream.checkout`. */
  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout;
  census(): PoolCensus;
  /** Closes connections that have rested for so long, the longest first, a part of them at a time. */
  closeLongIdle(idleForMs: number): void;
  /** Closes idle connections; running ones close when released. */
  dispose(): void;
}
