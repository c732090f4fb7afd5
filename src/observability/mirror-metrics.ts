/** Owns what is counted of mirrored requests: what became of the copies, and how they compare with the originals. */
import type { MirrorComparison, MirrorResult } from '../contracts/telemetry.js';
import { DurationHistogram } from './duration-histogram.js';
import { OVERFLOW_LABEL, TripleCounters } from './label-tree.js';
import type { HistogramSample, Sample } from './metrics-snapshot.js';

/** Pairs of route and upstream with histograms of their own in one worker; the rest share one. */
const MAX_PAIRS = 1000;

interface Differences {
  readonly route: string;
  readonly upstream: string;
  readonly slower: DurationHistogram;
  readonly faster: DurationHistogram;
}

export class MirrorMetrics {
  // The result comes first: of first labels there may be few only.
  readonly #results = new TripleCounters();
  readonly #comparisons = new TripleCounters();
  readonly #differences = new Map<string, Differences>();

  count(route: string, upstream: string, result: MirrorResult): void {
    this.#results.add(result, route, upstream);
  }

  compare(route: string, upstream: string, { sameStatus, slowerMs }: MirrorComparison): void {
    this.#comparisons.add(sameStatus ? 'match' : 'mismatch', route, upstream);
    const { slower, faster } = this.#differencesOf(route, upstream);
    if (slowerMs >= 0) slower.observe(slowerMs);
    else faster.observe(-slowerMs);
  }

  results(): Sample[] {
    return lastLabelFirst(this.#results);
  }

  comparisons(): Sample[] {
    return lastLabelFirst(this.#comparisons);
  }

  differences(): HistogramSample[] {
    return [...this.#differences.values()].flatMap(({ route, upstream, slower, faster }) => [
      slower.sample([route, upstream, 'slower']),
      faster.sample([route, upstream, 'faster']),
    ]);
  }

  #differencesOf(route: string, upstream: string): Differences {
    const key = `${route}\n${upstream}`;
    const known = this.#differences.get(key);
    if (known !== undefined) return known;
    if (this.#differences.size >= MAX_PAIRS && route !== OVERFLOW_LABEL)
      return this.#differencesOf(OVERFLOW_LABEL, OVERFLOW_LABEL);
    const made = { route, upstream, slower: new DurationHistogram(), faster: new DurationHistogram() };
    this.#differences.set(key, made);
    return made;
  }
}

function lastLabelFirst(counters: TripleCounters): Sample[] {
  return counters
    .cells()
    .map(({ labels: [result = '', route = '', upstream = ''], value }): Sample => [
      [route, upstream, result],
      value,
    ]);
}
