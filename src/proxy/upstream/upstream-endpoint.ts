import type { EndpointConfig, SlowStartConfig, UpstreamConfig } from '../../contracts/config.js';
import type { EndpointFeed } from '../../contracts/endpoint-feed.js';
import type { EndpointConnections } from '../../contracts/live-view.js';
import type { Timers } from '../../contracts/timers.js';
import type { AttemptObserver, Checkout, CheckoutOptions, Endpoint } from '../../contracts/upstream.js';
import { endpointAuthority, endpointLabel } from '../../http/endpoint-address.js';
import type { ConnectionPool } from './connection-pool.js';
import { createPool } from './create-pool.js';
import type { PoolServices } from './create-pool.js';
import type { EndpointWatch } from './outcome-reports.js';
import { slowStartWeight } from './slow-start.js';

export interface UpstreamServices extends PoolServices {
  readonly endpoints: EndpointFeed;
}

/** Owns one address of an upstream in this worker: who it is, how busy it is, and the pool that leads to it. */
export class UpstreamEndpoint implements Endpoint {
  readonly label: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** Its weight when it is warm. */
  fullWeight: number;
  active = 0;
  /** Monotonic milliseconds: it may be picked since then; -Infinity when it always could. */
  availableSinceMs = Number.NEGATIVE_INFINITY;
  /** What was seen of it and not yet told; the business of `OutcomeReports`. */
  readonly outcome: EndpointWatch = {
    isWatched: false,
    isSuspect: false,
    served: false,
    failures: 0,
    reason: '',
  };
  /** See `EndpointView`. */
  readonly key: string;
  private readonly slowStart: SlowStartConfig | undefined;
  private readonly timers: Timers;
  private readonly pool: ConnectionPool;

  constructor(
    { key, config }: { readonly key: string; readonly config: EndpointConfig },
    upstream: UpstreamConfig,
    services: UpstreamServices,
  ) {
    this.key = key;
    this.label = endpointLabel(config);
    this.authority = endpointAuthority(config);
    this.scheme = config.scheme;
    this.fullWeight = config.weight;
    this.slowStart = upstream.slowStart;
    this.timers = services.timers;
    this.pool = createPool(this, config, upstream, services);
  }

  get weight(): number {
    const { slowStart, availableSinceMs } = this;
    if (slowStart === undefined || availableSinceMs === Number.NEGATIVE_INFINITY) return this.fullWeight;
    const ageMs = this.timers.coarseNow() - availableSinceMs;
    return slowStartWeight(slowStart, this.fullWeight, ageMs);
  }

  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    return this.pool.checkout(observer, options);
  }

  /** Its connections now. */
  connections(): Omit<EndpointConnections, 'upstream'> {
    const { connecting, idle, active, tunnels, waiting, waitingCounted } = this.pool.census();
    const open = connecting + idle + active + tunnels;
    const exchanges = this.active - waitingCounted;
    return { endpoint: this.label, open, connecting, idle, active, tunnels, exchanges, waiting };
  }

  closeLongIdle(idleForMs: number): void {
    this.pool.closeLongIdle(idleForMs);
  }

  dispose(): void {
    this.pool.dispose();
  }
}
