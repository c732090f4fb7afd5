/** Owns the counts of one duration histogram. Observing costs one short search and three additions. */
import { DURATION_BUCKETS_SECONDS } from './metric-catalogue.js';
import type { Exemplar, HistogramSample } from './metrics-snapshot.js';

const BOUNDS_MS: readonly number[] = DURATION_BUCKETS_SECONDS.map((seconds) => seconds * 1000);

export class DurationHistogram {
  /** One more than there are bounds: the last holds what is beyond them all. */
  readonly buckets: number[] = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  sumMs = 0;
  /** The newest of each bucket; made when there is one. */
  exemplars: (Exemplar | null)[] | undefined = undefined;

  observe(durationMs: number): void {
    const index = bucketOf(durationMs);
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.sumMs += durationMs;
  }

  /** As it is now; what is observed later does not change it. */
  sample(labels: readonly string[]): HistogramSample {
    return [labels, [...this.buckets], this.sumMs / 1000];
  }

  /** That trace took so long. */
  exemplify(durationMs: number, traceId: string): void {
    this.exemplars ??= new Array<Exemplar | null>(BOUNDS_MS.length + 1).fill(null);
    this.exemplars[bucketOf(durationMs)] = [traceId, durationMs / 1000, Date.now() / 1000];
  }
}

/** Most requests are short, so the search from the low end is the quick one. */
const bucketOf = (durationMs: number): number => {
  let index = 0;
  while (index < BOUNDS_MS.length && durationMs > (BOUNDS_MS[index] ?? 0)) index += 1;
  return index;
};
