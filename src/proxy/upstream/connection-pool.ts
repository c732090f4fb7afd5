import type { AttemptObserver, Checkout, CheckoutOptions } from '../../contracts/upstream.js';

/** The connections of this worker to one endpoint, whatever protocol they speak. */
export interface ConnectionPool {
  /** Calls `onConnected` before returning when a connection is at hand; see `Upstream.checkout`. */
  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout;
  /** Closes connections that have rested for so long, the longest first, a part of them at a time. */
  closeLongIdle(idleForMs: number): void;
  /** Closes idle connections; running ones close when released. */
  dispose(): void;
}
