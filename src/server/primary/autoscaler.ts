/**
 * Owns the decision how many workers there should be: one more when their sockets, heap or event loops have been above a limit
 * for a while, one less when all three would be well below it without one. Never by the request rate.
 */
import type { ScalingConfig } from '../../contracts/config.js';
import type { WorkerSample } from './worker-samples.js';

export type ScalingSignal = 'sockets' | 'heap' | 'loop-delay';

export interface ScalingStep {
  readonly direction: 'up' | 'down';
  /** The signal that is the highest, as a share of its limit. */
  readonly signal: ScalingSignal;
  readonly pressure: number;
}

/** What remains of the limits after a step down must be below this share, or it would be taken back. */
const LOW_SHARE = 0.7;

export class Autoscaler {
  #highSince: number | undefined;
  #lowSince: number | undefined;
  #changedAt = Number.NEGATIVE_INFINITY;

  /** Undefined: as many as there are. `samples` are those of the workers that serve, all of them ready. */
  decide(
    samples: readonly WorkerSample[],
    { workers, scaling }: Bounds,
    nowMs: number,
  ): ScalingStep | undefined {
    const [top] = pressuresOf(samples, scaling);
    if (top === undefined) return undefined;
    const count = samples.length;
    const isLow = count > workers && (top.pressure * count) / (count - 1) < LOW_SHARE;
    this.#highSince = top.pressure >= 1 && count < scaling.max ? (this.#highSince ?? nowMs) : undefined;
    this.#lowSince = isLow ? (this.#lowSince ?? nowMs) : undefined;
    if (nowMs - this.#changedAt < scaling.cooldownMs) return undefined;
    if (isOver(this.#highSince, scaling.upAfterMs, nowMs)) return { direction: 'up', ...top };
    if (isOver(this.#lowSince, scaling.downAfterMs, nowMs)) return { direction: 'down', ...top };
    return undefined;
  }

  /** The number of workers has changed: what was seen before says nothing any more. */
  changed(nowMs: number): void {
    this.#changedAt = nowMs;
    this.pause();
  }

  /** Workers come or go: their figures mean nothing now. */
  pause(): void {
    this.#highSince = undefined;
    this.#lowSince = undefined;
  }
}

export interface Bounds {
  /** The fewest. */
  readonly workers: number;
  readonly scaling: ScalingConfig;
}

const isOver = (since: number | undefined, afterMs: number, nowMs: number): boolean =>
  since !== undefined && nowMs - since >= afterMs;

/** The means as shares of their limits, the highest first. */
const pressuresOf = (
  samples: readonly WorkerSample[],
  { sockets, heapShare, loopDelayMs }: ScalingConfig,
): readonly Omit<ScalingStep, 'direction'>[] => {
  const mean = (of: (sample: WorkerSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, samples.length);
  if (samples.length === 0) return [];
  const pressures = [
    { signal: 'sockets', pressure: mean(({ downstreamSockets }) => downstreamSockets) / sockets },
    { signal: 'heap', pressure: mean(heapShareOf) / heapShare },
    { signal: 'loop-delay', pressure: mean((sample) => sample.loopDelayMs) / loopDelayMs },
  ] as const;
  return [...pressures].sort((left, right) => right.pressure - left.pressure);
};

const heapShareOf = ({ heapUsedBytes, heapLimitBytes }: WorkerSample): number =>
  heapLimitBytes > 0 ? heapUsedBytes / heapLimitBytes : 0;
