/** Owns the route that says in one document how the instance does: what the page and `torus top` show. */
import type { StatusDocument } from '../../../contracts/status.js';
import type { AdminRoute } from '../admin-route.js';

export interface StatusSources {
  readonly status: () => Promise<StatusDocument>;
}

export const statusRoutes = ({ status }: StatusSources): AdminRoute[] => [
  {
    method: 'GET',
    path: '/status',
    summary: 'counts since the start, workers, upstreams, configuration, in one document',
    // In one line: it is made for programs that ask each second.
    handle: async () => ({
      status: 200,
      body: `${JSON.stringify(await status())}\n`,
      contentType: 'application/json',
    }),
  },
];
