import type { Cause } from '../../contracts/cause.js';
import type { UpstreamConfig } from '../../contracts/config.js';
import type { Exchange } from '../../contracts/exchange.js';
import type {
  AttemptObserver,
  Balancer,
  Checkout,
  CheckoutOptions,
  Endpoint,
  RetryBudget,
  Upstream,
} from '../../contracts/upstream.js';
import { safeFailure } from './attempt-failure.js';
import { createBalancer } from './balancers/index.js';
import { UpstreamRetryBudget } from './retry-budget.js';
import type { UpstreamServices } from './upstream-endpoint.js';
import { UpstreamEndpoint } from './upstream-endpoint.js';

/** Owns one upstream of a snapshot: its endpoints, who is picked, and their pools. */
export class UpstreamGroup implements Upstream {
  readonly name: string;
  private readonly endpoints: readonly UpstreamEndpoint[];
  private readonly balancer: Balancer;
  readonly retryBudget: RetryBudget;

  constructor(config: UpstreamConfig, services: UpstreamServices) {
    this.name = config.name;
    this.balancer = createBalancer(config);
    this.retryBudget = new UpstreamRetryBudget(config.retryBudget, () => this.runningCount());
    this.endpoints = config.endpoints.map((endpoint) => new UpstreamEndpoint(endpoint, config, services));
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

  reportResponse(endpoint: Endpoint, status: number, headMs: number): void {
    this.balancer.reportResponse?.(endpoint, status, headMs);
  }

  reportFailure(endpoint: Endpoint | undefined, cause: Cause): void {
    if (endpoint !== undefined) this.balancer.reportFailure?.(endpoint, cause);
  }

  dispose(): void {
    for (const endpoint of this.endpoints) endpoint.dispose();
  }

  private runningCount(): number {
    return this.endpoints.reduce((sum, endpoint) => sum + endpoint.active, 0);
  }

  private pick(exchange: Exchange, options: CheckoutOptions): UpstreamEndpoint | undefined {
    return this.balancer.pick(withoutAvoided(this.endpoints, options.avoid), exchange);
  }
}

/** Another than those tried, where there is one. */
function withoutAvoided<T extends Endpoint>(
  endpoints: readonly T[],
  avoid: readonly Endpoint[],
): readonly T[] {
  if (avoid.length === 0) return endpoints;
  const others = endpoints.filter((endpoint) => !avoid.includes(endpoint));
  return others.length > 0 ? others : endpoints;
}
