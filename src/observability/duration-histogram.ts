/** Owns the counts of one duration histogram: observed in milliseconds, told in seconds. */
import { Histogram } from './histogram.js';
import { DURATION_BUCKETS_SECONDS } from './metric-catalogue.js';
import type { Exemplar, HistogramSample } from './metrics-snapshot.js';

const BOUNDS_MS: readonly number[] = DURATION_BUCKETS_SECONDS.map((seconds) => seconds * 1000);

export class DurationHistogram extends Histogram {
  /** The newest of each bucket; made when there is one. */
  exemplars: (Exemplar | null)[] | undefined = undefined;

  constructor() {
    super(BOUNDS_MS);
  }

  /** That trace took so long. */
  exemplify(durationMs: number, traceId: string): void {
    this.exemplars ??= new Array<Exemplar | null>(BOUNDS_MS.length + 1).fill(null);
    this.exemplars[this.bucketOf(durationMs)] = [traceId, durationMs / 1000, Date.now() / 1000];
  }

  override sample(labels: readonly string[]): HistogramSample {
    const [, counts, sumMs] = super.sample(labels);
    return [labels, counts, sumMs / 1000];
  }
}
