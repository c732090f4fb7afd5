/** Owns the replacement of workers because an operator asked for it: of one, or of all, one after the other. */
import { AdminProblem } from '../admin/admin-route.js';
import type { Roller } from './roller.js';
import type { Supervisor } from './supervisor.js';
import type { WorkerSlot } from './worker-slot.js';

export interface RecycleParts {
  readonly supervisor: Pick<Supervisor, 'pool' | 'phase'>;
  readonly roller: Pick<Roller, 'exclusively' | 'replace'>;
}

interface Replaced {
  readonly worker: number;
  /** Undefined where nobody was in that place. */
  readonly former: number | undefined;
  readonly pid: number | undefined;
}

/**
 * Resolves when the new workers serve; the former ones may still have something to end. Throws an `AdminProblem` where there is
 * no such worker, and when one could not be replaced: it goes on, and those after it are left alone.
 * While the instance stops nobody is.
 */
export const recycleWorkers = async (parts: RecycleParts, number: number | undefined): Promise<object> => {
  const { supervisor, roller } = parts;
  const chosen = supervisor.pool.slots.filter((slot) => number === undefined || slot.number === number);
  if (chosen.length === 0) throw new AdminProblem(404, `there is no worker ${number ?? ''}`.trim());
  const replaced: Replaced[] = [];
  for (const slot of chosen)
    await roller.exclusively(async () => {
      // It may be gone by the time that it is its turn.
      if (supervisor.pool.slots.includes(slot)) replaced.push(await replace(parts, slot));
    });
  return { replaced };
};

const replace = async ({ supervisor, roller }: RecycleParts, slot: WorkerSlot): Promise<Replaced> => {
  const former = slot.worker?.process.pid;
  const isReplaced = await roller.replace(slot, 'request');
  if (!isReplaced && supervisor.phase === 'draining') throw new AdminProblem(503, 'the instance is stopping');
  if (!isReplaced)
    throw new AdminProblem(503, `worker ${slot.number} was not replaced: its successor did not start`);
  return { worker: slot.number, former, pid: slot.worker?.process.pid };
};
