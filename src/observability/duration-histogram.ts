/** Owns the counts of one duration histogram. Observing costs one short search and three additions. */
import { DURATION_BUCKETS_SECONDS } from './metric-catalogue.js';

const BOUNDS_MS: readonly number[] = DURATION_BUCKETS_SECONDS.map((seconds) => seconds * 1000);

export class DurationHistogram {
  /** One more than there are bounds: the last holds what is beyond them all. */
  readonly buckets: number[] = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  sumMs = 0;

  observe(durationMs: number): void {
    let index = 0;
    // Most requests are short, so the search from the low end is the quick one.
    while (index < BOUNDS_MS.length && durationMs > (BOUNDS_MS[index] ?? 0)) index += 1;
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.sumMs += durationMs;
  }
}
