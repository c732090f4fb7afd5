/** Owns the route that says which workers run out of what, and what they do about it. */
import { json } from '../admin-route.js';
import type { AdminRoute } from '../admin-route.js';

export interface OverloadSources {
  /** The ladder of every worker, as plain data. */
  overload(): Promise<object>;
}

export const overloadRoutes = (sources: OverloadSources): AdminRoute[] => [
  {
    method: 'GET',
    path: '/overload',
    summary: 'the overload ladder of every worker: level, pressures, thresholds',
    handle: async () => json(await sources.overload()),
  },
];
