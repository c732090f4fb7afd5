import type { UpstreamConfig } from '../../contracts/config.js';
import type { Exchange } from '../../contracts/exchange.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type {
  AttemptObserver,
  Balancer,
  Checkout,
  CheckoutOptions,
  Upstream,
} from '../../contracts/upstream.js';
import { safeFailure } from './attempt-failure.js';
import { LeastRequest } from './balancers/least-request.js';
import { RoundRobin } from './balancers/round-robin.js';
import { dialerFor } from './dialer.js';
import { EndpointPool } from './endpoint-pool.js';

/** Owns one upstream of a snapshot: its endpoints, who is picked, and their pools. */
export class UpstreamGroup implements Upstream {
  readonly name: string;
  private readonly endpoints: readonly EndpointPool[];
  private readonly balancer: Balancer;

  constructor(config: UpstreamConfig, shared: { readonly timers: Timers; readonly telemetry: Telemetry }) {
    this.name = config.name;
    this.balancer = balancerOf(config.balancer);
    this.endpoints = config.endpoints.map(
      (endpoint) =>
        new EndpointPool({
          config: endpoint,
          pool: config.pool,
          connectTimeoutMs: config.connectTimeoutMs,
          dialer: dialerFor(endpoint, config.tls),
          ...shared,
        }),
    );
  }

  checkout(exchange: Exchange, observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const picked = this.pick(exchange, options);
    if (picked !== undefined) return picked.checkout(observer, options);
    observer.onAttemptFailed(safeFailure('upstream.pick.none-available', undefined));
    return { cancel: () => undefined };
  }

  get endpointCount(): number {
    return this.endpoints.length;
  }

  dispose(): void {
    for (const endpoint of this.endpoints) endpoint.dispose();
  }

  private pick(exchange: Exchange, options: CheckoutOptions): EndpointPool | undefined {
    const { avoid } = options;
    if (avoid === undefined || this.endpoints.length < 2) return this.balancer.pick(this.endpoints, exchange);
    return this.balancer.pick(
      this.endpoints.filter((endpoint) => endpoint !== avoid),
      exchange,
    );
  }
}

function balancerOf(name: UpstreamConfig['balancer']): Balancer {
  switch (name) {
    case 'round-robin':
      return new RoundRobin();
    case 'least-request':
      return new LeastRequest();
  }
}
