/** Owns how long the instance takes for what it promises: a start, a replacement, a reload, a drain. */
import { DurationHistogram } from '../../observability/duration-histogram.js';
import type { MetricsSnapshot } from '../../observability/metrics-snapshot.js';

/** What a reload can come to, as a label. */
export type ReloadOutcome = 'applied' | 'rejected' | 'unchanged';

export class WorkerTimes {
  #startMs: number | undefined;
  readonly #starts = new DurationHistogram();
  readonly #outages = new DurationHistogram();
  readonly #drains = new DurationHistogram();
  readonly #reloads = new Map<ReloadOutcome, DurationHistogram>();

  /** From the first fork until every worker served, once. */
  allStarted(durationMs: number): void {
    this.#startMs = durationMs;
  }

  /** From the fork of a worker until it served. */
  started(durationMs: number): void {
    this.#starts.observe(durationMs);
  }

  /** From the death of a worker until its replacement served. */
  replacedCrashed(durationMs: number): void {
    this.#outages.observe(durationMs);
  }

  /** From the moment that a worker was told to leave until it was gone. */
  drained(durationMs: number): void {
    this.#drains.observe(durationMs);
  }

  /** From the request to reload until every worker served what it brought, or it was refused. */
  reloaded(outcome: ReloadOutcome, durationMs: number): void {
    const histogram = this.#reloads.get(outcome) ?? new DurationHistogram();
    this.#reloads.set(outcome, histogram);
    histogram.observe(durationMs);
  }

  /** Seconds; none before every worker served. */
  gauges(): MetricsSnapshot['gauges'] {
    return {
      torus_start_duration_seconds: this.#startMs === undefined ? [] : [[[], this.#startMs / 1000]],
    };
  }

  histograms(): MetricsSnapshot['histograms'] {
    return {
      torus_worker_start_duration_seconds: [this.#starts.sample([])],
      torus_worker_outage_duration_seconds: [this.#outages.sample([])],
      torus_worker_drain_duration_seconds: [this.#drains.sample([])],
      torus_config_reload_duration_seconds: [...this.#reloads].map(([outcome, histogram]) =>
        histogram.sample([outcome]),
      ),
    };
  }
}
