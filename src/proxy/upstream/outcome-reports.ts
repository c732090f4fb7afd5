import type { Cause } from '../../contracts/cause.js';
import type { EndpointFeed } from '../../contracts/endpoint-feed.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';

/**
 * Owns what this worker tells of failing endpoints: the failures, and the successes of those that have failed. A healthy endpoint
 * costs one look at a flag. Told at most once a tick, so that failures at full speed cost no message each.
 */

/** What was seen of an endpoint and not told yet. */
export interface EndpointWatch {
  /** Whatever it answers is news. */
  isWatched: boolean;
  /** The primary wants to know. */
  isSuspect: boolean;
  served: boolean;
  failures: number;
  reason: string;
}

export interface WatchedEndpoint {
  readonly key: string;
  readonly label: string;
  readonly outcome: EndpointWatch;
}

export interface OutcomeReportsOptions {
  readonly upstream: string;
  /** As many failures in a row are told at once. */
  readonly threshold: number;
  readonly feed: EndpointFeed;
  readonly telemetry: Pick<Telemetry, 'endpointFailed'>;
  readonly timers: Timers;
}

const TELL_AFTER_MS = 1;

/**
 * Failures that say something of the endpoint. Limits of Torus itself and what clients do are none, nor is a request that was
 * refused unprocessed (an HTTP/2 endpoint that leaves, or is full), nor an upgrade that its protocol cannot have.
 */
const TELLING =
  /^upstream\.(connect|tls|request|attempt)\.|^upstream\.head\.(closed|reset|malformed|too-large|timeout)$|^upstream\.upgrade\.invalid$/;

export class OutcomeReports {
  private readonly options: OutcomeReportsOptions;
  private readonly timer: Timer;
  private readonly untold = new Set<WatchedEndpoint>();
  private isWaiting = false;
  /** Since the last tick. */
  private hasTold = false;

  constructor(options: OutcomeReportsOptions) {
    this.options = options;
    this.timer = options.timers.create(() => {
      this.tell();
      this.isWaiting = false;
      this.hasTold = false;
    });
  }

  answered(endpoint: WatchedEndpoint, status: number): void {
    if (status >= 500) this.failed(endpoint, String(status), '5xx');
    else if (endpoint.outcome.isWatched) this.served(endpoint);
  }

  attemptFailed(endpoint: WatchedEndpoint, cause: Cause): void {
    if (TELLING.test(cause)) this.failed(endpoint, cause, cause);
  }

  dispose(): void {
    this.timer.disarm();
    this.untold.clear();
  }

  private failed(endpoint: WatchedEndpoint, reason: string, counted: string): void {
    const { outcome } = endpoint;
    this.options.telemetry.endpointFailed(this.options.upstream, endpoint.label, counted);
    outcome.isWatched = true;
    outcome.failures += 1;
    outcome.reason = reason;
    this.untold.add(endpoint);
    this.wait();
    if (outcome.failures >= this.options.threshold && !this.hasTold) this.tell();
  }

  private served(endpoint: WatchedEndpoint): void {
    endpoint.outcome.failures = 0;
    endpoint.outcome.served = true;
    this.untold.add(endpoint);
    this.wait();
  }

  private wait(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.timer.arm(TELL_AFTER_MS);
  }

  private tell(): void {
    const { feed, upstream } = this.options;
    for (const { key, outcome } of this.untold) {
      const { served, failures, reason } = outcome;
      outcome.served = false;
      outcome.failures = 0;
      // Until the primary has said what it thinks of the failures, what is served is still news.
      outcome.isWatched = outcome.isSuspect || failures > 0;
      feed.report({ upstream, endpoint: key, served, failures, reason });
    }
    this.untold.clear();
    this.hasTold = true;
  }
}
