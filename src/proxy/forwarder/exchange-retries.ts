import type { RetryConfig } from '../../contracts/config.js';
import type { FailedAttempt } from '../../contracts/exchange.js';
import type { ForwardJob } from '../../contracts/forwarder.js';
import type { ResponseHead } from '../../contracts/message.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { AttemptFailure, Endpoint } from '../../contracts/upstream.js';
import {
  allowsFailure,
  allowsStatus,
  backoffMs,
  conditionOf,
  isIdempotent,
  mayRepeat,
  retryAfterMs,
} from './retry-policy.js';

/** Another attempt. */
export interface Retry {
  /** Milliseconds until it begins; 0 for at once. */
  readonly waitMs: number;
  /** Only a connection that has not waited in the pool will do. */
  readonly fresh: boolean;
}

export interface RetryServices {
  readonly telemetry: Telemetry;
  readonly timers: Pick<Timers, 'now'>;
}

/** What has become of the request body: `whole` can be sent again. */
export type BodyState = 'whole' | 'lost';

/**
 * Owns what one exchange may still try, and its part of the upstream's budget. Made when an attempt has failed, or when the
 * route hedges; an exchange that goes well never has one.
 */
export class ExchangeRetries {
  /** Endpoints that failed, or are being tried. */
  readonly tried: Endpoint[] = [];
  private readonly job: ForwardJob;
  private readonly policy: RetryConfig;
  private readonly services: RetryServices;
  private used = 0;
  private hedged = 0;
  private staleSpent = false;
  private refusalSpent = false;
  /** Places in the budget. */
  private held = 0;

  constructor(job: ForwardJob, policy: RetryConfig, services: RetryServices) {
    this.job = job;
    this.policy = policy;
    this.services = services;
  }

  /** undefined when the failure stands. */
  afterFailure(failure: AttemptFailure, body: BodyState): Retry | undefined {
    const { method } = this.job.downstream.head;
    if (failure.retry === 'stale' && !this.staleSpent && isIdempotent(method) && body === 'whole')
      return this.afterStale();
    if (failure.cause === 'upstream.head.refused' && !this.refusalSpent && body === 'whole')
      return this.afterRefusal();
    const condition = conditionOf(failure);
    if (condition === undefined || !allowsFailure(this.policy, condition, failure.cause)) return undefined;
    if (failure.retry !== 'safe' && !mayRepeat(this.policy, method)) return undefined;
    return this.spend({ reason: condition, body, head: undefined });
  }

  /** undefined when the response stands. */
  afterResponse(head: ResponseHead, body: BodyState): Retry | undefined {
    if (!this.isUnwanted(head.status)) return undefined;
    return this.spend({ reason: `status-${String(head.status)}`, body, head });
  }

  /** A response that is to be had better from another attempt. */
  isUnwanted(status: number): boolean {
    return allowsStatus(this.policy, status) && mayRepeat(this.policy, this.job.downstream.head.method);
  }

  /** One more attempt beside those that run. */
  hedge(): boolean {
    if (this.hedged >= (this.policy.hedge?.max ?? 0)) return false;
    this.hedged += 1;
    if (!this.takeBudget(0)) {
      this.skipped('budget');
      return false;
    }
    this.services.telemetry.retried(this.job.upstream.name, 'hedge');
    return true;
  }

  /** An attempt is over that another one follows, or that another one runs beside. */
  note(endpoint: Endpoint | undefined, cause: FailedAttempt['cause']): void {
    const { exchange } = this.job;
    const afterMs = Math.round((this.services.timers.now() - exchange.startedAt) * 1000) / 1000;
    (exchange.failedAttempts ??= []).push({ endpoint: endpoint?.label, cause, afterMs });
  }

  avoid(endpoint: Endpoint | undefined): void {
    if (endpoint !== undefined && !this.tried.includes(endpoint)) this.tried.push(endpoint);
  }

  /** The exchange tries nothing more. Idempotent. */
  end(): void {
    for (; this.held > 0; this.held -= 1) this.job.upstream.retryBudget.give();
  }

  /** RFC 9112 section 9.3.1: nobody's fault, so it costs nothing. Once: the next connection is a new one. */
  private afterStale(): Retry {
    this.staleSpent = true;
    this.services.telemetry.retried(this.job.upstream.name, 'stale-connection');
    return { waitMs: 0, fresh: true };
  }

  /** RFC 9113 section 8.7: nothing was done with it. Connections that come to their end do so to many exchanges at once: it costs nothing, once. */
  private afterRefusal(): Retry {
    this.refusalSpent = true;
    this.services.telemetry.retried(this.job.upstream.name, 'refused-stream');
    return { waitMs: 0, fresh: false };
  }

  private spend({ reason, body, head }: Spending): Retry | undefined {
    if (this.used >= this.policy.attempts) return undefined;
    if (body === 'lost') return this.skipped('body');
    const waitMs = this.waitFor(head);
    if (waitMs === undefined) return this.skipped('retry-after');
    // Retries come one at a time: the second goes on in the place of the first.
    if (this.used === 0 && !this.takeBudget(head === undefined ? 1 : 0)) return this.skipped('budget');
    this.used += 1;
    this.services.telemetry.retried(this.job.upstream.name, reason);
    return { waitMs, fresh: !isIdempotent(this.job.downstream.head.method) };
  }

  /** Milliseconds; undefined when the endpoint asks for more patience than the route has. */
  private waitFor(head: ResponseHead | undefined): number | undefined {
    const { backoff, maxRetryAfterMs } = this.policy;
    const hasAnother = this.job.upstream.hasOtherThan(this.tried);
    // What one endpoint said, or did not say, is no reason to let another one wait.
    if (hasAnother && this.used === 0) return 0;
    const drawnMs = backoffMs(backoff, this.used, Math.random);
    if (hasAnother || head === undefined) return drawnMs;
    const askedMs = retryAfterMs(head.fields);
    return askedMs > maxRetryAfterMs ? undefined : Math.max(drawnMs, askedMs);
  }

  private takeBudget(gone: 0 | 1): boolean {
    if (!this.job.upstream.retryBudget.take(gone)) return false;
    this.held += 1;
    return true;
  }

  /** Never a retry. */
  private skipped(reason: string): Retry | undefined {
    this.services.telemetry.retrySkipped(this.job.upstream.name, reason);
    return undefined;
  }
}

interface Spending {
  readonly reason: string;
  readonly body: BodyState;
  /** The response that is not good enough, where there is one. */
  readonly head: ResponseHead | undefined;
}
