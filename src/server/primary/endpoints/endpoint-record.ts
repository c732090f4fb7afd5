/** Owns what is known of one endpoint: the verdict of its checks, its ejection, and which state that makes. */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointOutcome, EndpointView } from '../../../contracts/endpoint-feed.js';
import type {
  EndpointConfig,
  HealthCheckConfig,
  OutlierEjectionConfig,
} from '../../../contracts/upstream-config.js';
import { endpointKey, endpointLabel } from '../../../http/endpoint-address.js';
import type { CheckResult } from './probes/probe.js';

/**
 * `unknown`: it will be checked, and no check has ended; it is used until one says otherwise. `failing`: requests fail on it, and it
 * is used all the same.
 */
export type EndpointState = 'unknown' | 'healthy' | 'failing' | 'unhealthy' | 'ejected';

export const ENDPOINT_STATES: readonly EndpointState[] = [
  'healthy',
  'unknown',
  'failing',
  'unhealthy',
  'ejected',
];

export interface LastCheck {
  readonly passed: boolean;
  readonly detail: string;
  readonly atMs: number;
}

export interface Ejection {
  readonly untilMs: number;
  readonly reason: string;
  /** Checks that passed in a row since it began. */
  passes: number;
}

/** Endpoints are watched this long after a failure. */
const SUSPECT_MS = 10_000;

export class EndpointRecord {
  readonly key: string;
  readonly label: string;
  #config: EndpointConfig;
  #isChecked: boolean;
  #verdict: 'unknown' | 'healthy' | 'unhealthy' = 'unknown';
  /** Checks in a row that contradict the verdict. */
  #contradictions = 0;
  #lastCheck: LastCheck | undefined;
  #ejection: Ejection | undefined;
  #ejections = 0;
  #readmittedAtMs = 0;
  #failures = 0;
  #lastFailure = '';
  #lastFailureAtMs = Number.NEGATIVE_INFINITY;
  #isSuspect = false;
  #isFailing = false;
  #availableSinceMs: number | undefined;

  /** `availableSinceMs` is undefined for an endpoint of the start. */
  constructor(config: EndpointConfig, isChecked: boolean, availableSinceMs: number | undefined) {
    this.key = endpointKey(config);
    this.label = endpointLabel(config);
    this.#config = config;
    this.#isChecked = isChecked;
    this.#availableSinceMs = availableSinceMs;
  }

  get config(): EndpointConfig {
    return this.#config;
  }

  get lastCheck(): LastCheck | undefined {
    return this.#lastCheck;
  }

  get ejection(): Ejection | undefined {
    return this.#ejection;
  }

  /** It failed a moment ago: workers tell of it whatever they see. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Why the last one of them failed; empty without any. */
  get lastFailure(): string {
    return this.#failures === 0 ? '' : this.#lastFailure;
  }

  get state(): EndpointState {
    if (this.#isChecked && this.#verdict === 'unhealthy') return 'unhealthy';
    if (this.#ejection !== undefined) return 'ejected';
    if (this.#isFailing) return 'failing';
    return this.#isChecked ? this.#verdict : 'healthy';
  }

  get isAvailable(): boolean {
    const { state } = this;
    return state !== 'unhealthy' && state !== 'ejected';
  }

  view(nowMs: number): EndpointView {
    const since = this.#availableSinceMs;
    return {
      key: this.key,
      config: this.#config,
      available: this.isAvailable,
      suspect: this.#isSuspect,
      ...(since === undefined ? {} : { availableForMs: Math.max(0, Math.round(nowMs - since)) }),
    };
  }

  /** Its source says something new of it (a weight). True when that changed anything. */
  reconfigure(config: EndpointConfig): boolean {
    if (isDeepStrictEqual(config, this.#config)) return false;
    this.#config = config;
    return true;
  }

  /** Whether it is checked at all may change with the configuration. A verdict is kept as long as it is. */
  setChecked(isChecked: boolean): void {
    if (!isChecked) {
      this.#verdict = 'unknown';
      this.#contradictions = 0;
      this.#lastCheck = undefined;
    }
    this.#isChecked = isChecked;
  }

  /** The first check of all decides alone; later ones as the thresholds say. */
  onChecked(result: CheckResult, thresholds: HealthCheckConfig, nowMs: number): void {
    const wasAvailable = this.isAvailable;
    this.#lastCheck = { ...result, atMs: nowMs };
    const seen = result.passed ? 'healthy' : 'unhealthy';
    this.#contradictions = seen === this.#verdict ? 0 : this.#contradictions + 1;
    const needed = result.passed ? thresholds.healthyThreshold : thresholds.unhealthyThreshold;
    if (this.#verdict === 'unknown' || this.#contradictions >= needed) {
      this.#verdict = seen;
      this.#contradictions = 0;
    }
    if (this.#ejection !== undefined) this.#ejection.passes = result.passed ? this.#ejection.passes + 1 : 0;
    this.#noteAvailability(wasAvailable, nowMs);
  }

  /** Failures in a row, in all workers: what one of them serves interrupts what the others saw fail. */
  onOutcome({ served, failures, reason }: EndpointOutcome, failingAfter: number, nowMs: number): void {
    this.#failures = failures + (served ? 0 : this.#failures);
    this.#isFailing = this.#failures >= failingAfter;
    if (failures > 0) {
      this.#lastFailureAtMs = nowMs;
      this.#lastFailure = reason;
    }
    this.#isSuspect = nowMs - this.#lastFailureAtMs < SUSPECT_MS;
  }

  /** The n-th ejection lasts n times the base. A base time without one takes one of them back. */
  eject(config: OutlierEjectionConfig, reason: string, nowMs: number): Ejection {
    const forgiven = Math.floor((nowMs - this.#readmittedAtMs) / config.baseMs);
    this.#ejections = Math.max(0, this.#ejections - forgiven) + 1;
    const durationMs = Math.min(config.maxMs, config.baseMs * this.#ejections);
    this.#forgetFailures();
    this.#ejection = { untilMs: nowMs + durationMs, reason, passes: 0 };
    return this.#ejection;
  }

  readmit(nowMs: number): void {
    const wasAvailable = this.isAvailable;
    this.#ejection = undefined;
    this.#forgetFailures();
    this.#readmittedAtMs = nowMs;
    this.#noteAvailability(wasAvailable, nowMs);
  }

  #forgetFailures(): void {
    this.#failures = 0;
    this.#isFailing = false;
  }

  #noteAvailability(wasAvailable: boolean, nowMs: number): void {
    if (!wasAvailable && this.isAvailable) this.#availableSinceMs = nowMs;
  }
}
