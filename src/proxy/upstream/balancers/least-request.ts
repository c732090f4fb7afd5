import type { Balancer, Endpoint } from '../../../contracts/upstream.js';

/**
 * Owns the power of two choices (Mitzenmacher, 2001): of two endpoints taken at random the one with fewer running
 * exchanges for its weight. Nearly as even as asking all, and no herd runs to the one that looked best a moment ago.
 */
export class LeastRequest implements Balancer {
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  pick<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    if (endpoints.length < 2) return endpoints[0];
    const first = Math.floor(this.random() * endpoints.length);
    const other = Math.floor(this.random() * (endpoints.length - 1));
    const a = endpoints[first];
    const b = endpoints[other >= first ? other + 1 : other];
    if (a === undefined || b === undefined) return a ?? b;
    return loadOf(b) < loadOf(a) ? b : a;
  }
}

function loadOf(endpoint: Endpoint): number {
  return (endpoint.active + 1) / endpoint.weight;
}
