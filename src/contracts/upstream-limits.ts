import type { Cause } from './cause.js';

/** An attempt that wants to run. */
export interface Applicant {
  onAdmitted(): void;
  /** It may not run, and is not waiting (any more). No `leave` follows. */
  onRefused(cause: Cause): void;
}

/** Bounds the attempts that run at once on one upstream in one worker. An upstream without limits has none of this. */
export interface RequestLimiter {
  /** Calls back before it returns when there is room, or no place to wait. */
  enter(applicant: Applicant): void;
  /** Ends what `enter` began, be it waiting or running. Exactly once for each that was not refused. */
  leave(applicant: Applicant): void;
  /** An attempt got its response head, or lost patience, `elapsedMs` milliseconds after it was admitted. */
  observed(elapsedMs: number): void;
  /** An attempt was given up after so long, and might have taken longer. */
  abandoned(elapsedMs: number): void;
  /** Endpoints have come or gone: there may be room for those that wait. */
  endpointsChanged(): void;
  dispose(): void;
}

/** Of all endpoints of one upstream together, in one worker. */
export interface UpstreamLimitsConfig {
  /** Attempts that run at once; undefined for no limit. */
  readonly maxRequests: number | undefined;
  /** Connections, idle ones included; undefined for no limit. */
  readonly maxConnections: number | undefined;
  /** Attempts that wait because of `maxRequests`. */
  readonly maxPending: number;
  readonly pendingTimeoutMs: number;
}

export interface AdaptiveConcurrencyConfig {
  readonly min: number;
  readonly max: number;
  /** Until the first measurement. */
  readonly initial: number;
  /** The limit is set anew this often. */
  readonly sampleWindowMs: number;
  /** The latency without load is measured anew this often, give or take `jitter`. */
  readonly minRttIntervalMs: number;
  /** Share of the interval, from 0 to 1. */
  readonly jitter: number;
  /** Share by which latency may exceed that without load, from 0. */
  readonly tolerance: number;
}
