/** Owns what is told of each worker: what it last said of itself, and what the primary knows of it. */
import type { WorkerOverload, WorkerStatus } from '../../../contracts/status.js';
import type { MetricsSnapshot, Sample } from '../../../observability/metrics-snapshot.js';
import type { WorkerPool } from '../worker-pool.js';
import type { WorkerRecord } from '../worker-slot.js';

/** Monotonic milliseconds of the primary. */
interface Moments {
  readonly now: number;
  readonly askedAt: number;
}

type Place = Pick<WorkerStatus, 'pid' | 'phase' | 'ageSeconds' | 'silentSeconds'>;

/** By slot: who lives, also on its way in or out, and the slots that wait. `metrics` have the worker's id as their label. */
export const workerStatuses = (
  pool: Pick<WorkerPool, 'slots' | 'living'>,
  metrics: MetricsSnapshot,
  at: Moments,
): WorkerStatus[] => {
  const read = readerOf(metrics);
  const living = pool.living().map(({ slot, worker }) => ({
    ...{ worker: slot.number, ...placeOf(worker, at) },
    ...ownFigures(metrics, read, String(worker.id)),
  }));
  const occupied = new Set(living.map(({ worker }) => worker));
  const vacant = pool.slots
    .filter(({ number }) => !occupied.has(number))
    .map(({ number }) => ({ worker: number, ...VACANT, ...ownFigures(metrics, read, '') }));
  return [...living, ...vacant].sort((one, other) => one.worker - other.worker);
};

const VACANT: Place = { pid: null, phase: 'restarting', ageSeconds: 0, silentSeconds: 0 };

const placeOf = ({ process, phase, forkedAt, heardAt }: WorkerRecord, { now, askedAt }: Moments): Place => ({
  pid: process.pid,
  phase,
  ageSeconds: Math.round((now - forkedAt) / 1000),
  silentSeconds: Math.round(Math.max(0, askedAt - heardAt) / 100) / 10,
});

const ownFigures = (
  { gauges }: MetricsSnapshot,
  read: Read,
  id: string,
): Omit<WorkerStatus, 'worker' | keyof Place> => ({
  requests: read('torus_worker_requests_total', id),
  sockets: {
    downstream: read('torus_worker_sockets_open', id, 'downstream'),
    upstream: read('torus_worker_sockets_open', id, 'upstream'),
  },
  heapBytes: read('torus_worker_heap_used_bytes', id),
  rssBytes: read('torus_worker_rss_bytes', id),
  openFds: read('torus_worker_open_fds', id),
  loopDelaySeconds: {
    p50: read('torus_worker_event_loop_delay_seconds', id, '0.5'),
    p90: read('torus_worker_event_loop_delay_seconds', id, '0.9'),
    p99: read('torus_worker_event_loop_delay_seconds', id, '0.99'),
  },
  loopUtilization: read('torus_worker_event_loop_utilization', id),
  overload: overloadOf(gauges, id),
});

const overloadOf = (gauges: MetricsSnapshot['gauges'], id: string): WorkerOverload | null => {
  const own = (family: string): readonly Sample[] =>
    (gauges[family] ?? []).filter(([[label]]) => label === id);
  const [level] = own('torus_worker_overload_level');
  if (level === undefined) return null;
  const pressure = own('torus_worker_overload_pressure').map(
    ([[, resource = ''], value]) => [resource, value] as const,
  );
  return { level: level[1], pressure: Object.fromEntries(pressure) };
};

type Read = (family: string, ...labels: readonly string[]) => number;

/** Samples of a family by its labels, looked through once. */
const readerOf = ({ counters, gauges }: MetricsSnapshot): Read => {
  const byFamily = new Map<string, ReadonlyMap<string, number>>();
  return (family, ...labels) => {
    let byLabels = byFamily.get(family);
    if (byLabels === undefined) {
      byLabels = indexed(gauges[family] ?? counters[family] ?? []);
      byFamily.set(family, byLabels);
    }
    return byLabels.get(labels.join(' ')) ?? 0;
  };
};

const indexed = (samples: readonly Sample[]): Map<string, number> =>
  new Map(samples.map(([labels, value]) => [labels.join(' '), value]));
