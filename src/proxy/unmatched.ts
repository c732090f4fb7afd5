import type { Cause } from '../contracts/cause.js';
import type { RequestHead } from '../contracts/message.js';
import type { RouteMatch } from '../contracts/router.js';

/** Owns what a request without a route is answered. */
export function unmatched(
  kind: Exclude<RouteMatch<never>['kind'], 'matched'>,
  { connect }: RequestHead,
): { readonly status: number; readonly cause: Cause } {
  if (kind === 'method-not-allowed') return { status: 405, cause: 'downstream.route.method-not-allowed' };
  // CONNECT is refused as a method, not as a place: without a route for it Torus does not know it.
  if (connect === 'tcp') return { status: 501, cause: 'downstream.head.method-unsupported' };
  return { status: 404, cause: 'downstream.route.not-found' };
}
