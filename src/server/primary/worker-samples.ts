/** Owns what is known of a worker's state as figures: read out of the counts that it sends. */
import type { MetricsSnapshot } from '../../observability/metrics-snapshot.js';
import { sumOf } from '../../observability/status/totals.js';

export interface WorkerSample {
  readonly downstreamSockets: number;
  readonly upstreamSockets: number;
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
  readonly rssBytes: number;
  readonly openFds: number;
  /** 99th percentile since it was asked before. */
  readonly loopDelayMs: number;
  /** 0 to 1, since it was asked before. */
  readonly loopUtilization: number;
  readonly exchanges: number;
}

export const sampleOf = ({ gauges }: MetricsSnapshot): WorkerSample => {
  const sum = (name: string, label?: string): number => sumOf(gauges[name], label);
  return {
    downstreamSockets: sum('torus_sockets_open', 'downstream'),
    upstreamSockets: sum('torus_sockets_open', 'upstream'),
    heapUsedBytes: sum('torus_worker_heap_used_bytes'),
    heapLimitBytes: sum('torus_worker_heap_limit_bytes'),
    rssBytes: sum('torus_worker_rss_bytes'),
    openFds: sum('torus_worker_open_fds'),
    loopDelayMs: sum('torus_worker_event_loop_delay_seconds', '0.99') * 1000,
    loopUtilization: sum('torus_worker_event_loop_utilization'),
    exchanges: sum('torus_http_exchanges_in_flight'),
  };
};
