import type { Balancer, Endpoint } from '../../../contracts/upstream.js';

/** Owns smooth weighted round-robin: turns are spread evenly, as nginx does it. State is per worker. */
export class RoundRobin implements Balancer {
  private readonly credit = new WeakMap<Endpoint, number>();

  pick<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    let total = 0;
    let best: T | undefined;
    let bestCredit = Number.NEGATIVE_INFINITY;
    for (const endpoint of endpoints) {
      const credit = (this.credit.get(endpoint) ?? 0) + endpoint.weight;
      this.credit.set(endpoint, credit);
      total += endpoint.weight;
      if (credit > bestCredit) {
        best = endpoint;
        bestCredit = credit;
      }
    }
    if (best !== undefined) this.credit.set(best, bestCredit - total);
    return best;
  }
}
