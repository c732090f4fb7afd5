import type { AdaptiveConcurrencyConfig } from '../../contracts/config.js';

/**
 * Owns the number of requests that an upstream can take at once without getting slower, found out by watching its latency: the
 * gradient controller of Envoy's adaptive concurrency filter, after Netflix's concurrency-limits. It knows no clock: whoever
 * uses it says what time it is.
 *
 *   gradient = minRtt * (1 + tolerance) / sampleRtt      at least 0.5, at most 2
 *   limit    = gradient * limit + sqrt(limit)            at least min, at most max
 *
 * The square root is room to grow: a queue so short that latency does not show it. `sampleRtt` is the median of a window,
 * `minRtt` the median of the first requests, and every `minRttInterval` of some that run while the limit is at its least.
 */

/** A window with fewer says too little. */
const MIN_SAMPLES = 10;
/** Enough for a median; a window keeps no more. */
const MAX_SAMPLES = 1000;
/** Requests that a measurement of the least latency takes; as Envoy's. */
const CALIBRATION_SAMPLES = 50;
/** A measurement takes no longer than this, if it has any samples then. */
const CALIBRATION_MS = 1000;
const MIN_GRADIENT = 0.5;
const MAX_GRADIENT = 2;

export class GradientLimit {
  private readonly config: AdaptiveConcurrencyConfig;
  private readonly random: () => number;
  private samples: number[] = [];
  private exact: number;
  /** Milliseconds; 0 before the first measurement. */
  private minRttMs = 0;
  private windowStartMs: number;
  /** When the measurement that runs began; -1 when none runs. */
  private calibratingSinceMs: number;
  private nextCalibrationMs = Infinity;

  constructor(config: AdaptiveConcurrencyConfig, nowMs: number, random: () => number = Math.random) {
    this.config = config;
    this.random = random;
    this.exact = config.initial;
    this.windowStartMs = nowMs;
    this.calibratingSinceMs = nowMs;
  }

  /** Requests that may run now. */
  get limit(): number {
    return this.isPinned ? this.config.min : Math.floor(this.exact);
  }

  /** The limit is low for the sake of a measurement, not because the upstream is slow. */
  get isPinned(): boolean {
    return this.calibratingSinceMs >= 0 && this.minRttMs > 0;
  }

  /** Latency that lets the limit be as it is; Infinity before the first measurement. */
  get toleratedMs(): number {
    return this.minRttMs > 0 ? this.minRttMs * (1 + this.config.tolerance) : Infinity;
  }

  /** A request took so long. `running`: how many did, with this one. */
  sample(elapsedMs: number, running: number, nowMs: number): void {
    // One from before the measurement had more company than it was to have.
    if (this.isPinned && nowMs - elapsedMs < this.calibratingSinceMs) return;
    if (this.samples.length < MAX_SAMPLES) this.samples.push(elapsedMs);
    if (this.calibratingSinceMs >= 0) this.calibrate(nowMs);
    else if (nowMs >= this.nextCalibrationMs) this.beginCalibration(nowMs);
    else if (nowMs - this.windowStartMs >= this.config.sampleWindowMs && this.samples.length >= MIN_SAMPLES)
      this.closeWindow(running, nowMs);
  }

  /** Ends a measurement that gets no more samples: without traffic there is nothing to protect. */
  expire(nowMs: number): void {
    if (this.isPinned && nowMs - this.calibratingSinceMs >= CALIBRATION_MS) this.endCalibration(nowMs);
  }

  private beginCalibration(nowMs: number): void {
    this.calibratingSinceMs = nowMs;
    this.samples = [];
  }

  private calibrate(nowMs: number): void {
    const isEnough = this.samples.length >= CALIBRATION_SAMPLES;
    const isLate = nowMs - this.calibratingSinceMs >= CALIBRATION_MS && this.samples.length >= MIN_SAMPLES;
    if (isEnough || isLate) this.endCalibration(nowMs);
  }

  private endCalibration(nowMs: number): void {
    const { minRttIntervalMs, jitter } = this.config;
    if (this.samples.length > 0) this.minRttMs = medianOf(this.samples);
    this.calibratingSinceMs = -1;
    this.nextCalibrationMs = nowMs + minRttIntervalMs * (1 + jitter * (2 * this.random() - 1));
    this.openWindow(nowMs);
  }

  private closeWindow(running: number, nowMs: number): void {
    const { min, max } = this.config;
    const wanted = this.toleratedMs / medianOf(this.samples);
    const gradient = Math.min(MAX_GRADIENT, Math.max(MIN_GRADIENT, wanted));
    const next = Math.min(max, Math.max(min, gradient * this.exact + Math.sqrt(this.exact)));
    // What is not used shows nothing: a limit must not grow because nobody comes near it.
    if (next < this.exact || running * 2 >= this.exact) this.exact = next;
    this.openWindow(nowMs);
  }

  private openWindow(nowMs: number): void {
    this.samples = [];
    this.windowStartMs = nowMs;
  }
}

function medianOf(samples: readonly number[]): number {
  const sorted = samples.toSorted((left, right) => left - right);
  // Shorter than the clock can tell is no reason to divide by nothing.
  return Math.max(0.01, sorted[sorted.length >>> 1] ?? 0);
}
