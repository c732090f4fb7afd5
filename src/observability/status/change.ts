/** Owns what happened between two status documents of one instance: rates, latency quantiles, outcomes. */
import type { DurationCounts, OutcomeCount, StatusDocument, StatusTotals } from '../../contracts/status.js';

export interface StatusChange {
  /** Between the two documents. */
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly byClass: Readonly<Record<string, number>>;
  /** In the time between, most first; those that did not occur are left out. */
  readonly outcomes: readonly OutcomeCount[];
  readonly latency: LatencyQuantiles | undefined;
  readonly requestBytesPerSecond: number;
  readonly responseBytesPerSecond: number;
}

/** Seconds; `Infinity` beyond the last bound of the buckets. */
export interface LatencyQuantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What of a document rates are made of. */
export type Counted = Pick<StatusDocument, 'clockMs' | 'instance' | 'totals'>;

/** Undefined where the two cannot be compared: another instance, or no time between them. */
export const changeBetween = (older: Counted, newer: Counted): StatusChange | undefined => {
  const seconds = (newer.clockMs - older.clockMs) / 1000;
  if (seconds <= 0 || !isSameInstance(older, newer)) return undefined;
  const [before, after] = [older.totals, newer.totals];
  const outcomes = outcomesBetween(before, after);
  return {
    seconds,
    requests: after.requests - before.requests,
    failed: after.failed - before.failed,
    requestsPerSecond: (after.requests - before.requests) / seconds,
    byClass: byClassOf(outcomes, seconds),
    outcomes,
    latency: quantilesOf(durationsBetween(before.duration, after.duration)),
    requestBytesPerSecond: (after.requestBytes - before.requestBytes) / seconds,
    responseBytesPerSecond: (after.responseBytes - before.responseBytes) / seconds,
  };
};

/** 0 to 1; 0 where there was no request. */
export const failedShare = ({ requests, failed }: Pick<StatusChange, 'requests' | 'failed'>): number =>
  requests === 0 ? 0 : failed / requests;

export const isSameInstance = (
  one: Pick<StatusDocument, 'instance'>,
  other: Pick<StatusDocument, 'instance'>,
): boolean => one.instance.pid === other.instance.pid && one.instance.startedAt === other.instance.startedAt;

const outcomesBetween = (before: StatusTotals, after: StatusTotals): OutcomeCount[] => {
  const keyOf = ({ cause, status }: OutcomeCount): string => `${cause} ${status}`;
  const former = new Map(before.outcomes.map((outcome) => [keyOf(outcome), outcome.count]));
  return after.outcomes
    .map((outcome) => ({ ...outcome, count: outcome.count - (former.get(keyOf(outcome)) ?? 0) }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => other.count - one.count);
};

const byClassOf = (outcomes: readonly OutcomeCount[], seconds: number): Record<string, number> => {
  const rates: Record<string, number> = {};
  for (const { status, count } of outcomes) rates[status] = (rates[status] ?? 0) + count / seconds;
  return rates;
};

const durationsBetween = (before: DurationCounts, after: DurationCounts): DurationCounts => ({
  bounds: after.bounds,
  counts: after.counts.map((count, at) => count - (before.counts[at] ?? 0)),
  sumSeconds: after.sumSeconds - before.sumSeconds,
});

const quantilesOf = (durations: DurationCounts): LatencyQuantiles | undefined => {
  if (durations.counts.every((count) => count <= 0)) return undefined;
  return {
    p50: quantile(durations, 0.5),
    p90: quantile(durations, 0.9),
    p99: quantile(durations, 0.99),
  };
};

/** Inside a bucket the values are taken to lie evenly, as Prometheus' histogram_quantile does. */
export const quantile = ({ bounds, counts }: DurationCounts, share: number): number => {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (const [at, count] of counts.entries()) {
    const upper = bounds[at];
    if (below + count >= rank && count > 0) {
      if (upper === undefined) return Infinity;
      const lower = bounds[at - 1] ?? 0;
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return 0;
};
