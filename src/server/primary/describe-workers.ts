/** Owns what operators see of the workers: each with its place, its age and its figures, those that leave included. */
import type { MetricsCollector } from './metrics-collector.js';
import type { PoolCare } from './pool-care.js';
import type { Roller } from './roller.js';
import type { Scheduler } from './scheduler.js';
import type { Supervisor } from './supervisor.js';
import { sampleOf } from './worker-samples.js';
import type { LiveWorker } from './worker-pool.js';

export interface WorkersParts {
  readonly supervisor: Pick<Supervisor, 'snapshot' | 'pool' | 'restarts'>;
  readonly metrics: Pick<MetricsCollector, 'collect' | 'of'>;
  readonly roller: Pick<Roller, 'isBusy' | 'replaced'>;
  readonly care: Pick<PoolCare, 'steps'>;
  readonly scheduler: Scheduler;
}

/** Asks the workers for their figures first. One that does not answer stands there with those of before, and since when it is silent. */
export const describeWorkers = async (parts: WorkersParts): Promise<object> => {
  const { supervisor, metrics, roller, care } = parts;
  const askedAt = parts.scheduler.now();
  await metrics.collect();
  const { workers: min, scaling, version } = supervisor.snapshot;
  return {
    wanted: supervisor.pool.slots.length,
    min,
    max: scaling?.max ?? min,
    configVersion: version,
    changing: roller.isBusy(),
    crashes: supervisor.restarts,
    replaced: { ...roller.replaced },
    scaled: { ...care.steps },
    workers: supervisor.pool
      .living()
      .map((live) => rowOf(live, parts, askedAt))
      .sort((left, right) => left.worker - right.worker || left.pid - right.pid),
  };
};

interface WorkerRow extends Readonly<Record<string, unknown>> {
  readonly worker: number;
  readonly pid: number;
}

const rowOf = (live: LiveWorker, { metrics, scheduler }: WorkersParts, askedAt: number): WorkerRow => {
  const { slot, worker } = live;
  const nowMs = scheduler.now();
  const counted = metrics.of(worker);
  return {
    worker: slot.number,
    pid: worker.process.pid,
    phase: worker.phase,
    role: roleOf(live),
    ageSeconds: seconds(nowMs - worker.forkedAt),
    silentSeconds: seconds(Math.max(0, askedAt - worker.heardAt)),
    configVersion: worker.configVersion,
    ...(worker.leaving && {
      leaving: { reason: worker.leaving.reason, seconds: seconds(nowMs - worker.leaving.since) },
    }),
    ...(counted && figuresOf(sampleOf(counted))),
  };
};

const roleOf = ({ slot, worker }: LiveWorker): 'serving' | 'successor' | 'leaving' => {
  if (worker.leaving !== undefined) return 'leaving';
  return slot.successor === worker ? 'successor' : 'serving';
};

const figuresOf = (sample: ReturnType<typeof sampleOf>): object => ({
  exchanges: sample.exchanges,
  sockets: { downstream: sample.downstreamSockets, upstream: sample.upstreamSockets },
  heapUsedBytes: sample.heapUsedBytes,
  heapLimitBytes: sample.heapLimitBytes,
  rssBytes: sample.rssBytes,
  openFds: sample.openFds,
  eventLoopDelaySeconds: sample.loopDelayMs / 1000,
  eventLoopUtilization: sample.loopUtilization,
});

const seconds = (durationMs: number): number => Math.round(durationMs / 100) / 10;
