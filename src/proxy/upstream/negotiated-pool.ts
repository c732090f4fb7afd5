import type { AttemptObserver, Checkout, CheckoutOptions } from '../../contracts/upstream.js';
import type { ConnectionPool, PoolCensus } from './connection-pool.js';
import { Http1Pool } from './http1-pool.js';
import type { Http2PoolOptions } from './http2-pool.js';
import { Http2Pool } from './http2-pool.js';

/**
 * Owns the choice between HTTP/1.1 and HTTP/2 for an endpoint that is asked by ALPN. A connection that comes out as HTTP/1.1 is
 * closed, and connections of that pool serve from then on; tunnels have theirs in any case.
 */

/** How long an endpoint's choice of HTTP/1.1 is believed before it is asked again. */
const ASK_AGAIN_MS = 10 * 60_000;

export class NegotiatedPool implements ConnectionPool {
  private readonly http1: Http1Pool;
  private readonly http2: Http2Pool;
  private readonly options: Omit<Http2PoolOptions, 'onHttp1Chosen'>;
  private http1UntilMs = -Infinity;

  constructor(options: Omit<Http2PoolOptions, 'onHttp1Chosen'>) {
    this.options = options;
    this.http1 = new Http1Pool(options);
    this.http2 = new Http2Pool({
      ...options,
      onHttp1Chosen: () => {
        this.http1UntilMs = options.timers.now() + ASK_AGAIN_MS;
        return this.http1;
      },
    });
  }

  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const isHttp1 = options.connection === 'tunnel' || this.options.timers.coarseNow() < this.http1UntilMs;
    return (isHttp1 ? this.http1 : this.http2).checkout(observer, options);
  }

  census(): PoolCensus {
    const [http1, http2] = [this.http1.census(), this.http2.census()];
    return {
      connecting: http1.connecting + http2.connecting,
      idle: http1.idle + http2.idle,
      active: http1.active + http2.active,
      tunnels: http1.tunnels,
      waiting: http1.waiting + http2.waiting,
      waitingCounted: http2.waitingCounted,
    };
  }

  closeLongIdle(idleForMs: number): void {
    this.http1.closeLongIdle(idleForMs);
    this.http2.closeLongIdle(idleForMs);
  }

  dispose(): void {
    this.http1.dispose();
    this.http2.dispose();
  }
}
