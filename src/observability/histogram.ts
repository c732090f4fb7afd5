/** Owns the counts of one histogram. Observing costs one short search and three additions. */
import type { HistogramSample } from './metrics-snapshot.js';

export class Histogram {
  readonly #bounds: readonly number[];
  /** One more than there are bounds: the last holds what is beyond them all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const index = this.bucketOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  sample(labels: readonly string[]): HistogramSample {
    return [labels, [...this.#counts], this.#sum];
  }

  /** Most values are small, so the search from the low end is the quick one. */
  protected bucketOf(value: number): number {
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] ?? 0)) index += 1;
    return index;
  }
}
