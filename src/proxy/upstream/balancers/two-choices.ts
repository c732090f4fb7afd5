import type { Endpoint } from '../../../contracts/upstream.js';

/**
 * Owns the power of two choices (Mitzenmacher, 2001): the cheaper of two different endpoints taken at random. Nearly as even
 * as asking all, and no herd runs to the one that looked best a moment ago.
 */
export function cheaperOfTwo<T extends Endpoint>(
  endpoints: readonly T[],
  random: () => number,
  costOf: (endpoint: Endpoint) => number,
): T | undefined {
  if (endpoints.length < 2) return endpoints[0];
  const first = Math.floor(random() * endpoints.length);
  const other = Math.floor(random() * (endpoints.length - 1));
  const a = endpoints[first];
  const b = endpoints[other >= first ? other + 1 : other];
  if (a === undefined || b === undefined) return a ?? b;
  return costOf(b) < costOf(a) ? b : a;
}
