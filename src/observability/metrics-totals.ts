/** Owns the sums over all workers. Counters never go back: what a dead worker counted stays in the total. */
import { PER_WORKER_FAMILIES, PROCESS_FAMILIES, SUMMED_FAMILIES } from './metric-catalogue.js';
import { EMPTY_METRICS } from './metrics-snapshot.js';
import type { HistogramSample, MetricsSnapshot, Sample } from './metrics-snapshot.js';

type Series<Value> = Map<string, { readonly labels: readonly string[]; readonly value: Value }>;

export class MetricsTotals {
  #dead: MetricsSnapshot = EMPTY_METRICS;
  readonly #living = new Map<number, MetricsSnapshot>();

  /** The newest counts of the worker in that slot. */
  update(slot: number, metrics: MetricsSnapshot): void {
    this.#living.set(slot, metrics);
  }

  /** That worker is gone: its counters are kept, its gauges are not. Sockets that it still held were closed by the system. */
  retire(slot: number): void {
    const last = this.#living.get(slot);
    if (last === undefined) return;
    this.#living.delete(slot);
    this.#dead = {
      counters: sumByFamily([this.#dead.counters, last.counters, closedWith(last)]),
      histograms: sumHistogramsByFamily([this.#dead.histograms, last.histograms]),
      gauges: {},
    };
  }

  /** Sums of the families in the catalogue, and the copies per worker. */
  read(): MetricsSnapshot {
    const all = [this.#dead, ...this.#living.values()];
    return {
      counters: {
        ...pick(sumByFamily(all.map(({ counters }) => counters)), SUMMED_FAMILIES),
        ...this.#perWorker('counter'),
      },
      gauges: {
        ...pick(sumByFamily(all.map(({ gauges }) => gauges)), SUMMED_FAMILIES),
        ...this.#perWorker('gauge'),
      },
      histograms: sumHistogramsByFamily(all.map(({ histograms }) => histograms)),
    };
  }

  #perWorker(kind: 'counter' | 'gauge'): Record<string, Sample[]> {
    const families = [...PROCESS_FAMILIES, ...PER_WORKER_FAMILIES].filter((family) => family.kind === kind);
    return Object.fromEntries(families.map(({ name }) => [name, this.#workerSamples(name, kind)]));
  }

  #workerSamples(name: string, kind: 'counter' | 'gauge'): Sample[] {
    return [...this.#living].flatMap(([slot, metrics]) =>
      ownSamples(name, kind, metrics).map(withWorker(slot)),
    );
  }
}

/** So that the ledger stays even: none of a worker that drained, all of one that was killed. */
const closedWith = ({ gauges }: MetricsSnapshot): MetricsSnapshot['counters'] => {
  const held = (gauges['torus_sockets_open'] ?? []).filter(([, count]) => count > 0);
  return {
    torus_sockets_closed_total: held.map(([labels, count]): Sample => [[...labels, 'worker-gone'], count]),
  };
};

const withWorker =
  (slot: number) =>
  ([labels, value]: Sample): Sample => [[String(slot), ...labels], value];

const ownSamples = (name: string, kind: 'counter' | 'gauge', metrics: MetricsSnapshot): readonly Sample[] => {
  if (name === 'torus_worker_requests_total')
    return [[[], total(metrics.counters['torus_http_requests_total'])]];
  if (name === 'torus_worker_sockets_open') return bySide(metrics.gauges['torus_sockets_open'] ?? []);
  return (kind === 'counter' ? metrics.counters : metrics.gauges)[name] ?? [];
};

const total = (samples: readonly Sample[] = []): number => samples.reduce((sum, [, value]) => sum + value, 0);

const bySide = (samples: readonly Sample[]): Sample[] =>
  ['downstream', 'upstream'].map((side) => [[side], total(samples.filter(([labels]) => labels[0] === side))]);

const pick = (
  families: Readonly<Record<string, readonly Sample[]>>,
  wanted: readonly { readonly name: string }[],
): Record<string, readonly Sample[]> =>
  Object.fromEntries(
    wanted.flatMap(({ name }) => (families[name] === undefined ? [] : [[name, families[name]]])),
  );

const sumByFamily = (sources: readonly MetricsSnapshot['counters'][]): Record<string, Sample[]> =>
  mergeFamilies<Sample>(sources, (series: Series<number>, [labels, value]) => {
    const key = keyOf(labels);
    series.set(key, { labels, value: (series.get(key)?.value ?? 0) + value });
  });

interface Buckets {
  readonly counts: readonly number[];
  readonly sum: number;
}

const sumHistogramsByFamily = (
  sources: readonly MetricsSnapshot['histograms'][],
): Record<string, HistogramSample[]> => {
  const merged: Record<string, HistogramSample[]> = {};
  for (const name of familyNames(sources)) {
    const series: Series<Buckets> = new Map();
    for (const source of sources) for (const sample of source[name] ?? []) addHistogram(series, sample);
    merged[name] = [...series.values()].map(({ labels, value }) => [labels, value.counts, value.sum]);
  }
  return merged;
};

const addHistogram = (series: Series<Buckets>, [labels, counts, sum]: HistogramSample): void => {
  const key = keyOf(labels);
  const before = series.get(key)?.value;
  series.set(key, {
    labels,
    value: {
      counts: counts.map((count, index) => count + (before?.counts[index] ?? 0)),
      sum: sum + (before?.sum ?? 0),
    },
  });
};

const mergeFamilies = <Row extends Sample>(
  sources: readonly Readonly<Record<string, readonly Row[]>>[],
  add: (series: Series<number>, row: Row) => void,
): Record<string, Sample[]> => {
  const merged: Record<string, Sample[]> = {};
  for (const name of familyNames(sources)) {
    const series: Series<number> = new Map();
    for (const source of sources) for (const row of source[name] ?? []) add(series, row);
    merged[name] = [...series.values()].map(({ labels, value }) => [labels, value]);
  }
  return merged;
};

const familyNames = (sources: readonly object[]): Set<string> =>
  new Set(sources.flatMap((source) => Object.keys(source)));

const keyOf = (labels: readonly string[]): string => labels.join('\u0000');
