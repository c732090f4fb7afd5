/** Owns the finding of the worker that an operator names. */
import { AdminProblem } from '../admin/admin-route.js';
import type { LiveWorker, WorkerPool } from './worker-pool.js';

/** The ready worker with that number. Throws an `AdminProblem` where there is none. */
export const workerOf = (pool: Pick<WorkerPool, 'inPhase'>, number: number): LiveWorker => {
  const live = pool.inPhase('ready').find(({ slot }) => slot.number === number);
  if (live === undefined) throw new AdminProblem(404, `there is no ready worker ${number}`);
  return live;
};

/** Where no worker is named (0), any that is ready. Throws an `AdminProblem` where there is none. */
export const anyWorkerOf = (pool: Pick<WorkerPool, 'inPhase'>, number: number): LiveWorker => {
  if (number > 0) return workerOf(pool, number);
  const [live] = pool.inPhase('ready');
  if (live === undefined) throw new AdminProblem(503, 'no worker is ready');
  return live;
};
