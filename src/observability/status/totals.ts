/** Owns what the counts of all workers come to for people: requests by outcome, durations over all routes, bytes. */
import type { Cause } from '../../contracts/cause.js';
import type { DurationCounts, OutcomeCount, StatusTotals } from '../../contracts/status.js';
import { CAUSES } from '../../errors/causes.js';
import type { CauseInfo } from '../../errors/causes.js';
import { DURATION_BUCKETS_SECONDS } from '../metric-catalogue.js';
import type { HistogramSample, MetricsSnapshot, Sample } from '../metrics-snapshot.js';

export const totalsOf = ({ counters, histograms }: MetricsSnapshot): StatusTotals => {
  const outcomes = outcomesOf(counters);
  return {
    requests: outcomes.reduce((sum, { count }) => sum + count, 0),
    failed: outcomes.reduce((sum, outcome) => sum + (isFailure(outcome) ? outcome.count : 0), 0),
    outcomes,
    duration: durationOf(histograms['torus_http_request_duration_seconds'] ?? []),
    requestBytes: sumOf(counters['torus_http_request_bytes_total']),
    responseBytes: sumOf(counters['torus_http_response_bytes_total']),
  };
};

/** `first`: only of those with that first label. */
export const sumOf = (samples: readonly Sample[] = [], first?: string): number =>
  samples.reduce(
    (sum, [labels, value]) => (first === undefined || labels[0] === first ? sum + value : sum),
    0,
  );

/** The client got a 5xx, or the upstream or Torus broke the exchange off. What clients do wrong is no failure. */
export const isFailure = ({ cause, status }: Pick<OutcomeCount, 'cause' | 'status'>): boolean => {
  if (status === '5xx') return true;
  const side = causeInfo(cause)?.side;
  return side === 'upstream' || side === 'internal';
};

/** What an operator wants to see among the errors. Redirects and answers of filters are what was asked for. */
export const isError = (outcome: Pick<OutcomeCount, 'cause' | 'status'>): boolean =>
  outcome.status === '4xx' || (outcome.cause !== 'ok' && outcome.status === 'none') || isFailure(outcome);

/** The errors among them: failures first, then by count. */
export const errorsIn = (outcomes: readonly OutcomeCount[]): OutcomeCount[] =>
  outcomes
    .filter(isError)
    .sort((one, other) => Number(isFailure(other)) - Number(isFailure(one)) || other.count - one.count);

/** How an error is called: by its cause, where it has one. */
export const errorName = ({ cause, status }: Pick<OutcomeCount, 'cause' | 'status'>): string =>
  cause === 'ok' ? `upstream's own ${status}` : cause;

/** Undefined for a word that this version does not know. */
export const causeInfo = (cause: string): CauseInfo | undefined =>
  Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause] : undefined;

const outcomesOf = (counters: MetricsSnapshot['counters']): OutcomeCount[] => {
  const counts = new Map<string, OutcomeCount>();
  const add = (status: string, cause: string, count: number): void => {
    const name = classOf(status);
    const key = `${cause} ${name}`;
    counts.set(key, { cause, status: name, count: (counts.get(key)?.count ?? 0) + count });
  };
  for (const [[, , status = '', cause = ''], count] of counters['torus_http_requests_total'] ?? [])
    add(status, cause, count);
  for (const [[, status = '', cause = ''], count] of counters['torus_rejected_requests_total'] ?? [])
    add(status, cause, count);
  return [...counts.values()];
};

const classOf = (status: string): string => (/^[1-5]\d\d$/.test(status) ? `${status.charAt(0)}xx` : 'none');

const durationOf = (samples: readonly HistogramSample[]): DurationCounts => {
  const counts = new Array<number>(DURATION_BUCKETS_SECONDS.length + 1).fill(0);
  let sumSeconds = 0;
  for (const [, buckets, sum] of samples) {
    buckets.forEach((count, index) => (counts[index] = (counts[index] ?? 0) + count));
    sumSeconds += sum;
  }
  return { bounds: DURATION_BUCKETS_SECONDS, counts, sumSeconds };
};
