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
import type { RequestLimiter } from '../../contracts/upstream-limits.js';
import { safeFailure } from './attempt-failure.js';
import { createBalancer } from './balancers/index.js';
import { ConnectionAllowance } from './connection-allowance.js';
import { candidatesOf } from './candidates.js';
import { limiterFor } from './request-limiter.js';
import { UpstreamRetryBudget } from './retry-budget.js';
import type { UpstreamServices } from './upstream-endpoint.js';
import { UpstreamEndpoint } from './upstream-endpoint.js';

/** Owns one upstream of a snapshot: its endpoints, who is picked, and their pools. */
export class UpstreamGroup implements Upstream {
  readonly name: string;
  private readonly endpoints: readonly UpstreamEndpoint[];
  private readonly balancer: Balancer;
  readonly retryBudget: RetryBudget;
  readonly limiter: RequestLimiter | undefined;
  private readonly services: UpstreamServices;
  private readonly maxRequests: number | undefined;

  constructor(config: UpstreamConfig, services: UpstreamServices) {
    const { maxConnections } = config.limits;
    this.name = config.name;
    this.services =
      maxConnections === undefined
        ? services
        : { ...services, allowance: new ConnectionAllowance(maxConnections) };
    this.balancer = createBalancer(config);
    this.retryBudget = new UpstreamRetryBudget(config.retryBudget, () => this.runningCount());
    this.limiter = limiterFor(config, services, () => this.endpointCount);
    this.maxRequests = config.pool.maxRequests;
    this.endpoints = config.endpoints.map(
      (endpoint) => new UpstreamEndpoint(endpoint, config, this.services),
    );
  }

  checkout(exchange: Exchange, observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const picked = this.pick(exchange, options);
    if (picked !== undefined) return picked.checkout(observer, options);
    observer.onAttemptFailed(safeFailure(this.refusal(), undefined));
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
    this.limiter?.dispose();
    for (const endpoint of this.endpoints) endpoint.dispose();
  }

  private runningCount(): number {
    return this.endpoints.reduce((sum, endpoint) => sum + endpoint.active, 0);
  }

  private pick(exchange: Exchange, options: CheckoutOptions): UpstreamEndpoint | undefined {
    const candidates = candidatesOf(this.endpoints, options.avoid, this.maxRequests);
    return this.balancer.pick(candidates, exchange);
  }

  /** Why none could be picked. */
  private refusal(): Cause {
    if (this.maxRequests === undefined || this.endpointCount === 0) return 'upstream.pick.none-available';
    this.services.telemetry.upstreamOverflow(this.name, 'endpoint');
    return 'upstream.limit.exceeded';
  }
}
