/** Owns what the primary counts of itself, part by part: endpoints, certificates, the workers as a pool. */
import type { MetricsSnapshot, Sample } from '../../observability/metrics-snapshot.js';
import { expirySamples } from './certificate-expiry.js';
import type { Endpoints } from './endpoints/index.js';
import type { PoolCare } from './pool-care.js';
import { REPLACEMENT_REASONS } from './roller.js';
import type { Roller } from './roller.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerTimes } from './worker-times.js';

export interface MetricParts {
  readonly supervisor: Pick<Supervisor, 'snapshot' | 'pool'>;
  readonly endpoints: Pick<Endpoints, 'metrics'>;
  readonly roller: Pick<Roller, 'replaced' | 'failed'>;
  readonly care: Pick<PoolCare, 'steps'>;
  readonly times: WorkerTimes;
}

export const moreMetrics = (parts: MetricParts): MetricsSnapshot => {
  const { counters, gauges } = parts.endpoints.metrics();
  const pool = poolMetrics(parts);
  return {
    counters: { ...counters, ...pool.counters },
    gauges: {
      ...gauges,
      ...pool.gauges,
      ...parts.times.gauges(),
      torus_tls_certificate_days_left: expirySamples(parts.supervisor.snapshot, Date.now()),
    },
    histograms: parts.times.histograms(),
  };
};

const poolMetrics = ({
  supervisor,
  roller,
  care,
}: MetricParts): Pick<MetricsSnapshot, 'counters' | 'gauges'> => ({
  counters: {
    torus_worker_replacements_total: REPLACEMENT_REASONS.map((reason): Sample => [
      [reason],
      roller.replaced[reason],
    ]),
    torus_worker_replacements_failed_total: [[[], roller.failed]],
    torus_worker_scalings_total: [
      [['up'], care.steps.up],
      [['down'], care.steps.down],
    ],
  },
  gauges: {
    torus_workers_wanted: [[[], supervisor.pool.slots.length]],
  },
});
