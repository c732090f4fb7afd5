/** Owns the finding of the worker that an operator names. */
import { AdminProblem } from '../admin/admin-route.js';
import type { LiveWorker, WorkerPool } from './worker-pool.js';

/** The ready worker with that number. Throws an `AdminProblem` where there is none. */
export const workerOf = (pool: Pick<WorkerPool, 'inPhase'>, number: number): LiveWorker => {
  const live = pool.inPhase('ready').find(({ slot }) => slot.number === number);
  if (live === undefined) throw new AdminProblem(404, `there is no ready worker ${number}`);
  return live;
};
