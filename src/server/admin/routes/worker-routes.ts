/** Owns the routes of the workers: how each one is, and its replacement by a new one. */
import { AdminProblem, json, refuseUnknown } from '../admin-route.js';
import type { AdminAnswer, AdminRequest, AdminRoute } from '../admin-route.js';

export interface WorkerSources {
  readonly workers: () => Promise<object>;
  /** Of one worker, or of all. Throws an `AdminProblem` where there is no such worker, or it cannot be replaced. */
  readonly recycle: (worker: number | undefined) => Promise<object>;
}

export const workerRoutes = ({ workers, recycle }: WorkerSources): AdminRoute[] => {
  const recycleOne = async ({ parameter, query }: AdminRequest): Promise<AdminAnswer> => {
    refuseUnknown(query, []);
    return json(await recycle(numberOf(parameter)));
  };
  return [
    {
      method: 'GET',
      path: '/workers',
      summary: 'the workers: phase, age, sockets, memory, event loop',
      handle: async () => json(await workers()),
    },
    {
      method: 'POST',
      path: '/workers/recycle',
      summary: 'replaces all workers by new ones, one after the other, losing nothing',
      handle: async ({ query }) => {
        refuseUnknown(query, []);
        return json(await recycle(undefined));
      },
    },
    {
      method: 'POST',
      path: '/workers/:number/recycle',
      summary: 'replaces one worker by a new one, losing nothing',
      handle: recycleOne,
    },
    { method: 'DELETE', path: '/workers/:number', summary: 'the same', handle: recycleOne },
  ];
};

const numberOf = (parameter: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(parameter)) throw new AdminProblem(404, `there is no worker ${parameter}`);
  return Number(parameter);
};
