import type { Cause } from '../../contracts/cause.js';
import type {
  AdaptiveConcurrencyConfig,
  UpstreamConfig,
  UpstreamLimitsConfig,
} from '../../contracts/config.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { Applicant, RequestLimiter } from '../../contracts/upstream-limits.js';
import { GradientLimit } from './gradient-limit.js';

/**
 * Owns how many attempts run at once on one upstream in this worker, and the queue of those that wait: first come, first served,
 * bounded in length and time. Over the configured limit an attempt waits; over the adaptive one it is refused at once, because
 * waiting is what that limit is to prevent, except while the limit is low for the sake of a measurement.
 */

export interface LimiterServices {
  readonly timers: Timers;
  readonly telemetry: Telemetry;
}

export interface LimiterOptions extends LimiterServices {
  readonly upstream: string;
  readonly limits: UpstreamLimitsConfig;
  readonly adaptive: AdaptiveConcurrencyConfig | undefined;
  /** What the endpoints take together, by the limit of each; Infinity without one, and without an endpoint: nobody waits for those. */
  readonly capacity: () => number;
}

/** undefined where nothing limits the requests of the upstream: it costs them nothing then. */
export function limiterFor(
  { name, limits, adaptiveConcurrency, pool }: UpstreamConfig,
  services: LimiterServices,
  endpointCount: () => number,
): RequestLimiter | undefined {
  const { maxRequests } = pool;
  const capacity = (): number => (maxRequests ?? Infinity) * endpointCount() || Infinity;
  if (limits.maxRequests === undefined && maxRequests === undefined && adaptiveConcurrency === undefined)
    return undefined;
  return new UpstreamRequestLimiter({
    timers: services.timers,
    telemetry: services.telemetry,
    upstream: name,
    limits,
    adaptive: adaptiveConcurrency,
    capacity,
  });
}

export class UpstreamRequestLimiter implements RequestLimiter {
  private readonly options: LimiterOptions;
  private readonly gradient: GradientLimit | undefined;
  private readonly timer: Timer;
  /** Who waits, and until when, in order of arrival: the first is also the first whose time is up. */
  private readonly waiting = new Map<Applicant, number>();
  private running = 0;
  private isAdmitting = false;
  private toldLimit = -1;
  private readonly sinceMs: number;

  constructor(options: LimiterOptions) {
    const { adaptive, timers } = options;
    this.options = options;
    this.sinceMs = timers.now();
    this.gradient = adaptive && new GradientLimit(adaptive, this.sinceMs);
    this.timer = timers.create(() => {
      this.onTime();
    });
    this.tellLimit();
  }

  enter(applicant: Applicant): void {
    this.gradient?.expire(this.options.timers.coarseNow());
    if (this.waiting.size === 0 && this.running < this.bound()) {
      this.running += 1;
      applicant.onAdmitted();
      return;
    }
    const refusal = this.refusal();
    if (refusal === undefined) this.wait(applicant);
    else this.refuse(applicant, refusal.cause, refusal.reason);
  }

  leave(applicant: Applicant): void {
    if (this.unqueue(applicant)) return;
    this.running -= 1;
    this.admitNext();
  }

  observed(elapsedMs: number): void {
    if (this.gradient === undefined) return;
    this.gradient.sample(elapsedMs, this.running, this.options.timers.now());
    this.tellLimit();
    this.admitNext();
  }

  abandoned(elapsedMs: number): void {
    // That it took at least so long says something only when that is too long.
    if (this.gradient !== undefined && elapsedMs > this.gradient.toleratedMs) this.observed(elapsedMs);
  }

  endpointsChanged(): void {
    this.admitNext();
  }

  dispose(): void {
    const { telemetry, upstream } = this.options;
    this.timer.disarm();
    if (this.gradient !== undefined) telemetry.concurrencyLimit(upstream, undefined, this.sinceMs);
  }

  private bound(): number {
    return Math.min(this.fixedBound(), this.gradient?.limit ?? Infinity);
  }

  private fixedBound(): number {
    return Math.min(this.options.limits.maxRequests ?? Infinity, this.options.capacity());
  }

  /** Why an attempt that finds no room may not even wait. */
  private refusal(): { readonly cause: Cause; readonly reason: string } | undefined {
    const { maxPending } = this.options.limits;
    const isAdaptive =
      this.gradient !== undefined && !this.gradient.isPinned && this.running < this.fixedBound();
    if (isAdaptive) return { cause: 'upstream.limit.adaptive', reason: 'adaptive' };
    if (this.waiting.size < maxPending) return undefined;
    if (maxPending === 0) return { cause: 'upstream.limit.exceeded', reason: 'requests' };
    return { cause: 'upstream.queue.full', reason: 'queue-full' };
  }

  private refuse(applicant: Applicant, cause: Cause, reason: string): void {
    this.options.telemetry.upstreamOverflow(this.options.upstream, reason);
    applicant.onRefused(cause);
  }

  private wait(applicant: Applicant): void {
    const { upstream, limits, timers, telemetry } = this.options;
    telemetry.upstreamPending(upstream, 1);
    this.waiting.set(applicant, timers.now() + limits.pendingTimeoutMs);
    if (this.waiting.size === 1) this.timer.arm(limits.pendingTimeoutMs);
  }

  private unqueue(applicant: Applicant): boolean {
    if (!this.waiting.delete(applicant)) return false;
    this.options.telemetry.upstreamPending(this.options.upstream, -1);
    return true;
  }

  /** One that fails within its admission comes back here: the loop goes on with the next, not deeper. */
  private admitNext(): void {
    if (this.isAdmitting) return;
    this.isAdmitting = true;
    while (this.waiting.size > 0 && this.running < this.bound()) this.admitFirst();
    this.isAdmitting = false;
  }

  private admitFirst(): void {
    const [first] = this.waiting.keys();
    if (first === undefined) return;
    this.unqueue(first);
    this.running += 1;
    first.onAdmitted();
  }

  private onTime(): void {
    const nowMs = this.options.timers.now();
    for (const [applicant, dueMs] of this.waiting) {
      if (dueMs > nowMs) {
        this.timer.arm(dueMs - nowMs);
        return;
      }
      this.unqueue(applicant);
      this.refuse(applicant, 'upstream.queue.timeout', 'queue-timeout');
    }
  }

  private tellLimit(): void {
    const { gradient, options } = this;
    if (gradient === undefined || gradient.limit === this.toldLimit) return;
    this.toldLimit = gradient.limit;
    options.telemetry.concurrencyLimit(options.upstream, gradient.limit, this.sinceMs);
  }
}
