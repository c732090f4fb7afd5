/** Owns the list of all routes, at the root. */
import { AdminTable } from '../admin-table.js';
import type { AdminRoute } from '../admin-route.js';

/** The routes given, and one more that lists them and itself. */
export const withIndex = (routes: readonly AdminRoute[]): AdminRoute[] => {
  const index: AdminRoute = {
    method: 'GET',
    path: '/',
    summary: 'this list',
    access: 'page',
    handle: () => new AdminTable(all).list(),
  };
  const all = [...routes, index];
  return all;
};
