/** Owns the sums over all workers. Counters never go back: what a dead worker counted stays in the total. */
import type { GoneReason } from '../contracts/close-reason.js';
import { PER_WORKER_FAMILIES, PROCESS_FAMILIES, SUMMED_FAMILIES } from './metric-catalogue.js';
import { EMPTY_METRICS } from './metrics-snapshot.js';
import type { Exemplar, HistogramSample, MetricsSnapshot, Sample } from './metrics-snapshot.js';

type Kind = 'counter' | 'gauge';
type Series<Value> = Map<string, { readonly labels: readonly string[]; readonly value: Value }>;

export class MetricsTotals {
  #dead: MetricsSnapshot = EMPTY_METRICS;
  readonly #living = new Map<number, MetricsSnapshot>();

  /** The newest counts of the worker with that id, which no two have in common. */
  update(id: number, metrics: MetricsSnapshot): void {
    this.#living.set(id, metrics);
  }

  /** The newest counts of the worker with that id. */
  of(id: number): MetricsSnapshot | undefined {
    return this.#living.get(id);
  }

  /** That worker is gone: its counters are kept, its gauges are not. Sockets that it still held have closed with it. */
  retire(id: number): void {
    const last = this.#living.get(id);
    if (last === undefined) return;
    this.#living.delete(id);
    this.#dead = {
      counters: sumByFamily([this.#dead.counters, last.counters, closedWith(last)]),
      histograms: sumHistogramsByFamily([this.#dead.histograms, last.histograms]),
      gauges: {},
    };
  }

  /**
   * Sums of the families in the catalogue, and the copies per worker, labelled with its slot. One that has none, because its
   * successor has it, counts in the sums only.
   */
  read(slotOf: (id: number) => number | undefined = (id) => id): MetricsSnapshot {
    const all = [this.#dead, ...this.#living.values()];
    return {
      counters: {
        ...pick(sumByFamily(all.map(({ counters }) => counters)), SUMMED_FAMILIES),
        ...this.#perWorker('counter', slotOf),
      },
      gauges: {
        ...pick(sumByFamily(all.map(({ gauges }) => gauges)), SUMMED_FAMILIES),
        ...this.#perWorker('gauge', slotOf),
      },
      histograms: sumHistogramsByFamily(all.map(({ histograms }) => histograms)),
    };
  }

  #perWorker(kind: Kind, slotOf: (id: number) => number | undefined): Record<string, Sample[]> {
    const families = [...PROCESS_FAMILIES, ...PER_WORKER_FAMILIES].filter((family) => family.kind === kind);
    const placed = [...this.#living].flatMap(([id, metrics]) => {
      const slot = slotOf(id);
      return slot === undefined ? [] : [{ slot, metrics }];
    });
    return Object.fromEntries(
      families.map(({ name }) => [
        name,
        placed.flatMap(({ slot, metrics }) => ownSamples(name, kind, metrics).map(withWorker(slot))),
      ]),
    );
  }
}

const GONE: GoneReason = 'worker-gone';

/** What keeps the ledger even: opened = closed + open. */
const closedWith = ({ gauges }: MetricsSnapshot): MetricsSnapshot['counters'] => ({
  torus_sockets_closed_total: (gauges['torus_sockets_open'] ?? [])
    .filter(([, open]) => open > 0)
    .map(([labels, open]): Sample => [[...labels, GONE], open]),
});

const withWorker =
  (slot: number) =>
  ([labels, value]: Sample): Sample => [[String(slot), ...labels], value];

const ownSamples = (name: string, kind: Kind, metrics: MetricsSnapshot): readonly Sample[] => {
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
  readonly exemplars: readonly (Exemplar | null)[] | undefined | null;
}

const sumHistogramsByFamily = (
  sources: readonly MetricsSnapshot['histograms'][],
): Record<string, HistogramSample[]> => {
  const merged: Record<string, HistogramSample[]> = {};
  for (const name of familyNames(sources)) {
    const series: Series<Buckets> = new Map();
    for (const source of sources) for (const sample of source[name] ?? []) addHistogram(series, sample);
    merged[name] = [...series.values()].map(({ labels, value }) => [
      labels,
      value.counts,
      value.sum,
      value.exemplars,
    ]);
  }
  return merged;
};

const addHistogram = (series: Series<Buckets>, [labels, counts, sum, exemplars]: HistogramSample): void => {
  const key = keyOf(labels);
  const before = series.get(key)?.value;
  series.set(key, {
    labels,
    value: {
      counts: counts.map((count, index) => count + (before?.counts[index] ?? 0)),
      sum: sum + (before?.sum ?? 0),
      exemplars: newestOf(before?.exemplars, exemplars),
    },
  });
};

type Exemplars = Buckets['exemplars'];

const newestOf = (some: Exemplars, others: Exemplars): Exemplars => {
  // What crossed the IPC channel is null where it was undefined.
  if (some == null || others == null) return some ?? others ?? undefined;
  return some.map((one, index) => {
    const other = others[index] ?? null;
    if (one === null || other === null) return one ?? other;
    return one[2] >= other[2] ? one : other;
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
