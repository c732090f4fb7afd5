import type { RoutedRequest } from '../../contracts/forwarder.js';
import type { Endpoint } from '../../contracts/upstream.js';

/** Owns what a route makes of where a request goes: the target that the upstream sees, and the host that it is told. */

export function targetOf({ route, downstream }: RoutedRequest): string {
  const { path, query } = downstream.head;
  return `${route.rewritePath === undefined ? path : route.rewritePath(path)}${query}`;
}

/** The client's, or the endpoint's own where the route says so or the client named none. */
export function hostFor({ route, downstream }: RoutedRequest, endpoint: Pick<Endpoint, 'authority'>): string {
  const { authority } = downstream.head;
  return route.config.hostHeader === 'endpoint' || authority === '' ? endpoint.authority : authority;
}
