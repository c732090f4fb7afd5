/** Owns the route that says who holds the connections. */
import { json, numberIn, refuseUnknown } from '../admin-route.js';
import type { AdminRoute } from '../admin-route.js';

export interface ConnectionSources {
  /** With so many clients. */
  readonly connections: (clients: number) => Promise<object>;
}

export const connectionRoutes = ({ connections }: ConnectionSources): AdminRoute[] => [
  {
    method: 'GET',
    path: '/connections',
    summary: '[limit=20]: who holds the connections',
    handle: async ({ query }) => {
      refuseUnknown(query, ['limit']);
      return json(await connections(numberIn(query, 'limit', { fallback: 20, min: 1, max: 1000 })));
    },
  },
];
