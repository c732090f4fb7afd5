import type { Endpoint } from '../../contracts/upstream.js';

/**
 * Owns which endpoints an attempt is offered to the balancer with: those with room for one more, and of these rather one that
 * was not tried before. Without limits and for a first attempt the list is passed on as it is.
 */
export function candidatesOf<T extends Endpoint>(
  endpoints: readonly T[],
  avoid: readonly Endpoint[],
  maxRequests: number | undefined,
): readonly T[] {
  const withRoom = maxRequests === undefined ? endpoints : roomyOf(endpoints, maxRequests);
  if (avoid.length === 0) return withRoom;
  const others = withRoom.filter((endpoint) => !avoid.includes(endpoint));
  return others.length > 0 ? others : withRoom;
}

/** The same list while none of them is full: balancers keep what they computed of it. */
function roomyOf<T extends Endpoint>(endpoints: readonly T[], maxRequests: number): readonly T[] {
  const hasRoom = ({ active }: T): boolean => active < maxRequests;
  return endpoints.every(hasRoom) ? endpoints : endpoints.filter(hasRoom);
}
