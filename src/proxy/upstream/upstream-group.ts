import type { Cause } from '../../contracts/cause.js';
import type { UpstreamConfig } from '../../contracts/config.js';
import type { EndpointActivity, EndpointView, UpstreamEndpoints } from '../../contracts/endpoint-feed.js';
import type { Exchange } from '../../contracts/exchange.js';
import type { EndpointConnections } from '../../contracts/live-view.js';
import type { ExplainedUpstream } from '../../contracts/explanation.js';
import type { ResponseHead } from '../../contracts/message.js';
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
import { failingAfter } from '../../http/failing-endpoint.js';
import { endpointKey } from '../../http/endpoint-address.js';
import { safeFailure } from './attempt-failure.js';
import { clientPreamble } from './client-preamble.js';
import { createBalancer } from './balancers/index.js';
import type { WatchedEndpoint } from './outcome-reports.js';
import { OutcomeReports } from './outcome-reports.js';
import { ConnectionAllowance } from './connection-allowance.js';
import { candidatesOf } from './candidates.js';
import { describeUpstream } from './describe-upstream.js';
import { limiterFor } from './request-limiter.js';
import { UpstreamRetryBudget } from './retry-budget.js';
import type { UpstreamServices } from './upstream-endpoint.js';
import { UpstreamEndpoint } from './upstream-endpoint.js';

/**
 * Owns one upstream of a snapshot in this worker: its endpoints and their pools, and who is picked. Which endpoints there are,
 * and which of them may be picked, the primary decides; this follows.
 */
export class UpstreamGroup implements Upstream {
  readonly name: string;
  private readonly config: UpstreamConfig;
  private readonly services: UpstreamServices;
  private readonly balancer: Balancer;
  readonly retryBudget: RetryBudget;
  private readonly outcomes: OutcomeReports;
  private readonly unfollow: () => void;
  private known: ReadonlyMap<string, UpstreamEndpoint> = new Map();
  /** Gone from the upstream, with exchanges that still run. */
  private leaving: readonly UpstreamEndpoint[] = [];
  /** What the primary said last. */
  private latest: UpstreamEndpoints;
  /** A new array whenever it changes: balancers keep what they computed of it. */
  private pickable: readonly UpstreamEndpoint[] = [];
  readonly limiter: RequestLimiter | undefined;
  private readonly maxRequests: number | undefined;

  constructor(config: UpstreamConfig, services: UpstreamServices) {
    const { maxConnections } = config.limits;
    this.name = config.name;
    this.config = config;
    this.services =
      maxConnections === undefined
        ? services
        : { ...services, allowance: new ConnectionAllowance(maxConnections) };
    this.balancer = createBalancer(config, services.timers);
    this.retryBudget = new UpstreamRetryBudget(config.retryBudget, () => this.runningCount());
    this.limiter = limiterFor(config, services, () => this.pickable.length);
    this.maxRequests = config.pool.maxRequests;
    this.outcomes = outcomeReportsFor(config, services);
    this.latest = services.endpoints.current(config.name) ?? asConfigured(config);
    this.update(this.latest);
    this.unfollow = services.endpoints.follow(config.name, (endpoints) => this.update(endpoints));
  }

  checkout(exchange: Exchange, observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const picked = this.pick(exchange, options);
    if (picked !== undefined) return picked.checkout(observer, this.prefaced(exchange, options));
    const refusal = this.refusal();
    if (refusal === 'upstream.limit.exceeded')
      this.services.telemetry.upstreamOverflow(this.name, 'endpoint');
    observer.onAttemptFailed(safeFailure(refusal, undefined));
    return { cancel: () => undefined };
  }

  private prefaced(exchange: Exchange, options: CheckoutOptions): CheckoutOptions {
    const { proxyProtocol } = this.config;
    if (proxyProtocol === undefined) return options;
    const { connection, avoid, responseHeadTimeoutMs, idleTimeoutMs } = options;
    const preamble = clientPreamble(proxyProtocol, exchange);
    return { connection, avoid, responseHeadTimeoutMs, idleTimeoutMs, preamble };
  }

  get mayRefuse(): boolean {
    return this.config.protocol !== 'http1';
  }

  hasOtherThan(tried: readonly Endpoint[]): boolean {
    return this.pickable.some((endpoint) => !tried.includes(endpoint));
  }

  // Every endpoint that was handed out is one of this group.
  reportResponse(endpoint: Endpoint, status: number, headMs: number): void {
    this.outcomes.answered(endpoint as Endpoint & WatchedEndpoint, status);
    this.balancer.reportResponse?.(endpoint, status, headMs);
  }

  reportFailure(endpoint: Endpoint | undefined, cause: Cause): void {
    if (endpoint === undefined) return;
    this.outcomes.attemptFailed(endpoint as Endpoint & WatchedEndpoint, cause);
    this.balancer.reportFailure?.(endpoint, cause);
  }

  /** Those that are leaving included. */
  private allEndpoints(): readonly UpstreamEndpoint[] {
    this.leaving = this.leaving.filter(({ active }) => active > 0);
    return [...this.known.values(), ...this.leaving];
  }

  connections(): EndpointConnections[] {
    return this.allEndpoints().map((endpoint) => ({ upstream: this.name, ...endpoint.connections() }));
  }

  /** What runs on each endpoint. */
  activity(): EndpointActivity[] {
    return this.allEndpoints().map(({ label, active }) => ({
      upstream: this.name,
      endpoint: label,
      active,
    }));
  }

  markResponse(exchange: Exchange, head: ResponseHead): void {
    this.balancer.markResponse?.(exchange, head);
  }

  closeLongIdle(idleForMs: number): void {
    for (const endpoint of this.known.values()) endpoint.closeLongIdle(idleForMs);
  }

  explain(exchange: Exchange): ExplainedUpstream {
    const candidates = candidatesOf(this.pickable, NONE, this.maxRequests);
    const [only] = candidates;
    const certain =
      candidates.length === 1 && only !== undefined
        ? { endpoint: only, why: 'no other may be picked' }
        : this.balancer.foretell?.(candidates, exchange);
    return describeUpstream(this.config, this.latest, {
      known: this.known,
      certain,
      refusal: only === undefined ? this.refusal() : undefined,
    });
  }

  dispose(): void {
    this.unfollow();
    this.limiter?.dispose();
    this.outcomes.dispose();
    for (const endpoint of this.known.values()) endpoint.dispose();
  }

  /** Endpoints that stay keep their connections. One that goes is picked no more; what runs on it ends as it would. */
  private update(latest: UpstreamEndpoints): void {
    const { endpoints, panic } = latest;
    const before = this.known;
    const known = new Map<string, UpstreamEndpoint>();
    const pickable: UpstreamEndpoint[] = [];
    let isReweighted = false;
    for (const view of endpoints) {
      const endpoint = before.get(view.key) ?? new UpstreamEndpoint(view, this.config, this.services);
      isReweighted ||= endpoint.fullWeight !== view.config.weight;
      this.apply(endpoint, view);
      known.set(view.key, endpoint);
      if (view.available || panic) pickable.push(endpoint);
    }
    this.known = known;
    this.latest = latest;
    for (const [key, endpoint] of before) if (!known.has(key)) this.letGo(endpoint);
    if (!isReweighted && isSameList(pickable, this.pickable)) return;
    this.pickable = pickable;
    this.limiter?.endpointsChanged();
  }

  private apply(endpoint: UpstreamEndpoint, { config, suspect, availableForMs }: EndpointView): void {
    const { outcome } = endpoint;
    endpoint.fullWeight = config.weight;
    endpoint.availableSinceMs =
      availableForMs === undefined ? Number.NEGATIVE_INFINITY : this.services.timers.now() - availableForMs;
    outcome.isSuspect = suspect;
    outcome.isWatched = suspect || outcome.failures > 0;
  }

  private letGo(endpoint: UpstreamEndpoint): void {
    endpoint.dispose();
    this.leaving = [...this.leaving.filter(({ active }) => active > 0), endpoint];
  }

  private runningCount(): number {
    let running = 0;
    for (const { active } of this.known.values()) running += active;
    return running;
  }

  private pick(exchange: Exchange, options: CheckoutOptions): UpstreamEndpoint | undefined {
    const candidates = candidatesOf(this.pickable, options.avoid, this.maxRequests);
    return this.balancer.pick(candidates, exchange);
  }

  /** Why none could be picked. */
  private refusal(): Cause {
    if (this.maxRequests === undefined || this.pickable.length === 0) return 'upstream.pick.none-available';
    return 'upstream.limit.exceeded';
  }
}

const NONE: readonly Endpoint[] = [];

function outcomeReportsFor(
  { name, outlierEjection }: UpstreamConfig,
  { endpoints, timers, telemetry }: UpstreamServices,
): OutcomeReports {
  const threshold = failingAfter(outlierEjection);
  return new OutcomeReports({ upstream: name, threshold, feed: endpoints, timers, telemetry });
}

function asConfigured({ name, endpoints }: UpstreamConfig): UpstreamEndpoints {
  const views = endpoints.map((config) => ({
    key: endpointKey(config),
    config,
    available: true,
    suspect: false,
  }));
  return { upstream: name, panic: false, endpoints: views };
}

function isSameList<T>(left: readonly T[], right: readonly T[]): boolean {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}
