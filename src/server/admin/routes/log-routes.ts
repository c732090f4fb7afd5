/** Owns the route that changes how much is logged while the instance runs. */
import { AdminProblem, json, refuseUnknown, workerIn } from '../admin-route.js';
import type { AdminRoute } from '../admin-route.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogSources {
  /** Of one worker, or of all and the primary (`worker` 0). Throws an `AdminProblem` where there is no such worker. */
  readonly setLogLevel: (level: LogLevel, worker: number) => Promise<object>;
}

export const logRoutes = ({ setLogLevel }: LogSources): AdminRoute[] => [
  {
    method: 'POST',
    path: '/log-level',
    summary: 'level=debug [worker=N]: logs at this level until the next reload',
    handle: async ({ query }) => {
      refuseUnknown(query, ['level', 'worker']);
      const level = LOG_LEVELS.find((known) => known === query.get('level'));
      if (level === undefined) throw new AdminProblem(400, `level must be one of ${LOG_LEVELS.join(', ')}`);
      return json(await setLogLevel(level, workerIn(query, 0)));
    },
  },
];
