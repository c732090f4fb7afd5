/** Owns the list of all routes, at the root. */
import { text } from '../admin-route.js';
import type { AdminAnswer, AdminRoute } from '../admin-route.js';
import { AdminTable } from '../admin-table.js';

/** The routes given, and one more that lists them and itself. */
export const withIndex = (routes: readonly AdminRoute[]): AdminRoute[] => {
  const index: AdminRoute = {
    method: 'GET',
    path: '/',
    summary: 'this list; browsers are led to the page',
    access: 'page',
    handle: ({ accept }) => (isBrowser(accept) ? TO_THE_PAGE : new AdminTable(all).list()),
  };
  const all = [...routes, index];
  return all;
};

/** Programs take anything; browsers name what they show. */
const isBrowser = (accept: string): boolean => accept.includes('text/html');

const TO_THE_PAGE: AdminAnswer = {
  ...text('the page is at /dashboard\n', 303),
  fields: { location: '/dashboard', vary: 'accept' },
};
