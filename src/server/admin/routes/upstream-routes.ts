/** Owns the route that says how the endpoints are. */
import { json } from '../admin-route.js';
import type { AdminRoute } from '../admin-route.js';

export interface UpstreamSources {
  /** The endpoints of every upstream and their states, as plain data. */
  upstreams(): Promise<object>;
}

export const upstreamRoutes = (sources: UpstreamSources): AdminRoute[] => [
  {
    method: 'GET',
    path: '/upstreams',
    summary: 'every endpoint, its state and why',
    handle: async () => json(await sources.upstreams()),
  },
];
