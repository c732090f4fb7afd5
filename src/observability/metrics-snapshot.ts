/** Owns the plain form in which the counts of one worker cross the IPC channel. */

/** `[label values in the order of the catalogue, value]`. */
export type Sample = readonly [labels: readonly string[], value: number];

/** `[trace id, observed value, when: seconds since the epoch]`. */
export type Exemplar = readonly [traceId: string, value: number, atSeconds: number];

/**
 * `[label values, count of each bucket (not cumulative, the last is +Inf), sum of the observed values, an example of each bucket
 * where there is one]`.
 */
export type HistogramSample = readonly [
  labels: readonly string[],
  buckets: readonly number[],
  sum: number,
  exemplars?: readonly (Exemplar | null)[] | undefined | null,
];

export interface MetricsSnapshot {
  /** By family name. Only ever grow while the worker lives. */
  readonly counters: Readonly<Record<string, readonly Sample[]>>;
  readonly gauges: Readonly<Record<string, readonly Sample[]>>;
  readonly histograms: Readonly<Record<string, readonly HistogramSample[]>>;
}

export const EMPTY_METRICS: MetricsSnapshot = { counters: {}, gauges: {}, histograms: {} };
