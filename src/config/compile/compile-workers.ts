/** Owns the step from `workers` and `supervisor` as written to how many workers there are and how they are looked after. */
import type { ScalingConfig, SupervisorConfig } from '../../contracts/config.js';
import { availableCpus } from '../available-cpus.js';
import type { CompileContext } from './compile-context.js';
import type { SupervisorDocument } from '../schema/process/supervisor-schema.js';
import type { WorkersDocument } from '../schema/process/workers-schema.js';

export interface WorkerCount {
  readonly workers: number;
  readonly scaling: ScalingConfig | undefined;
}

/** `auto` is resolved to the processors of this machine, of which a `min` that was written down takes as many as it says. */
export function compileWorkers(workers: WorkersDocument, cpus = availableCpus()): WorkerCount {
  if (typeof workers !== 'object')
    return { workers: workers === 'auto' ? cpus : workers, scaling: undefined };
  const wantedMax = workers.max === 'auto' ? cpus : workers.max;
  const min = workers.min === 'auto' ? Math.min(cpus, wantedMax) : workers.min;
  const max = Math.max(min, wantedMax);
  return {
    workers: min,
    scaling: {
      max,
      sockets: workers.sockets,
      heapShare: workers.heap,
      loopDelayMs: workers.loopDelay,
      intervalMs: workers.interval,
      upAfterMs: workers.upAfter,
      downAfterMs: workers.downAfter,
      cooldownMs: workers.cooldown,
    },
  };
}

/** Resident bytes of a worker that has served nothing yet. */
const NEW_WORKER_BYTES = 96 * 1024 * 1024;

export function compileSupervisor(
  supervisor: SupervisorDocument,
  { report }: Pick<CompileContext, 'report'>,
): SupervisorConfig {
  const { recycle } = supervisor;
  if (recycle.maxMemory !== undefined && recycle.maxMemory < NEW_WORKER_BYTES)
    report.warn(
      ['supervisor', 'recycle', 'maxMemory'],
      'is about what a new worker takes: workers will be replaced again and again',
    );
  return {
    heartbeatTimeoutMs: supervisor.heartbeatTimeout,
    startTimeoutMs: supervisor.startTimeout,
    backoffMinMs: supervisor.backoffMin,
    backoffMaxMs: supervisor.backoffMax,
    drainTimeoutMs: supervisor.drainTimeout,
    recycle: { maxAgeMs: recycle.maxAge, maxMemoryBytes: recycle.maxMemory },
  };
}
