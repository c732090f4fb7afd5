/** Owns the collection of counts from the workers: asked for, waited for no longer than a bound, summed, rendered. */
import {
  INSTANCE_FAMILIES,
  PER_WORKER_FAMILIES,
  PROCESS_FAMILIES,
  SUMMED_FAMILIES,
} from '../../observability/metric-catalogue.js';
import type { Exposition } from '../../observability/exposition.js';
import type { MetricFamily } from '../../observability/metric-catalogue.js';
import type { MetricsSnapshot, Sample } from '../../observability/metrics-snapshot.js';
import { MetricsTotals } from '../../observability/metrics-totals.js';
import { renderPrometheus } from '../../observability/prometheus.js';
import type { Scheduler } from './scheduler.js';
import type { WorkerPool } from './worker-pool.js';
import type { WorkerRecord } from './worker-slot.js';

export interface InstanceFacts {
  readonly restarts: number;
  readonly configVersion: number;
  readonly reloads: Readonly<Record<'applied' | 'rejected' | 'unchanged', number>>;
  /** Seconds since the epoch. */
  readonly startSeconds: number;
  readonly keySetFetches: { readonly ok: number; readonly failed: number };
}

export interface MetricsCollectorOptions {
  readonly pool: WorkerPool;
  readonly scheduler: Scheduler;
  facts(): InstanceFacts;
  /** Counts of other parts of the primary. */
  more(): MetricsSnapshot;
}

export const COLLECT_TIMEOUT_MS = 1000;
const PHASES = ['starting', 'ready', 'draining'] as const;

const FAMILIES: readonly MetricFamily[] = [
  ...INSTANCE_FAMILIES,
  ...SUMMED_FAMILIES,
  ...PROCESS_FAMILIES.map((family) => ({ ...family, labels: ['worker', ...family.labels] })),
  ...PER_WORKER_FAMILIES,
];

export class MetricsCollector {
  readonly #options: MetricsCollectorOptions;
  readonly #totals = new MetricsTotals();
  readonly #waiting = new Map<number, { readonly workers: Set<number>; done(): void }>();
  #collecting: Promise<void> | undefined;
  #request = 0;
  #missing = 0;

  constructor(options: MetricsCollectorOptions) {
    this.#options = options;
  }

  /** Takes an answer; `request` is undefined for the last word of a worker that leaves. */
  receive({ id }: WorkerRecord, metrics: MetricsSnapshot, request: number | undefined): void {
    this.#totals.update(id, metrics);
    if (request === undefined) return;
    const waiting = this.#waiting.get(request);
    if (waiting?.workers.delete(id) === true && waiting.workers.size === 0) waiting.done();
  }

  /** That worker is gone: nobody waits for it any more, and what it counted stays in the totals. */
  retire({ id }: WorkerRecord): void {
    this.#totals.retire(id);
    for (const waiting of this.#waiting.values()) {
      if (waiting.workers.delete(id) && waiting.workers.size === 0) waiting.done();
    }
  }

  /** The newest counts of that worker; undefined before its first. */
  of({ id }: WorkerRecord): MetricsSnapshot | undefined {
    return this.#totals.of(id);
  }

  /** Asks every ready worker and waits for the answers, at most a second. Callers at the same moment share one round. */
  collect(): Promise<void> {
    this.#collecting ??= this.#ask().finally(() => (this.#collecting = undefined));
    return this.#collecting;
  }

  /** The newest counts as text. */
  async scrape(format: Exposition): Promise<string> {
    await this.collect();
    const slots = new Map(this.#options.pool.slots.map(({ worker, number }) => [worker?.id, number]));
    const totals = this.#totals.read((id) => slots.get(id));
    const { counters, gauges } = this.#instance();
    const more = this.#options.more();
    return renderPrometheus(
      FAMILIES,
      {
        counters: { ...totals.counters, ...counters, ...more.counters },
        gauges: { ...totals.gauges, ...gauges, ...more.gauges },
        histograms: { ...totals.histograms, ...more.histograms },
      },
      format,
    );
  }

  /** The newest counts of the workers, summed. */
  async totals(): Promise<MetricsSnapshot> {
    await this.collect();
    return this.#totals.read();
  }

  /** Gauges of the workers, summed; asked for after the call, never before. */
  async workerGauges(): Promise<MetricsSnapshot['gauges']> {
    await this.#collecting;
    await this.collect();
    return this.#totals.read().gauges;
  }

  #ask(): Promise<void> {
    const { pool, scheduler } = this.#options;
    const asked = pool.living().filter(({ worker }) => worker.readyAt !== undefined);
    if (asked.length === 0) return Promise.resolve();
    this.#request += 1;
    const request = this.#request;
    return new Promise((resolve) => {
      const workers = new Set(asked.map(({ worker }) => worker.id));
      const done = (): void => {
        cancel();
        this.#waiting.delete(request);
        this.#missing += workers.size;
        resolve();
      };
      const cancel = scheduler.after(COLLECT_TIMEOUT_MS, done);
      this.#waiting.set(request, { workers, done });
      for (const { worker } of asked) worker.process.send({ type: 'collect-metrics', request });
    });
  }

  #instance(): Pick<MetricsSnapshot, 'counters' | 'gauges'> {
    const facts = this.#options.facts();
    return {
      counters: {
        torus_worker_restarts_total: [[[], facts.restarts]],
        torus_scrape_workers_missing_total: [[[], this.#missing]],
        torus_config_reloads_total: Object.entries(facts.reloads).map(([result, count]) => [[result], count]),
        torus_key_set_fetches_total: [
          [['ok'], facts.keySetFetches.ok],
          [['failed'], facts.keySetFetches.failed],
        ],
      },
      gauges: {
        torus_workers: PHASES.map((phase): Sample => [[phase], this.#options.pool.inPhase(phase).length]),
        torus_config_version: [[[], facts.configVersion]],
        torus_start_seconds: [[[], facts.startSeconds]],
      },
    };
  }
}
