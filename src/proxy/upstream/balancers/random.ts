import type { Balancer, Endpoint } from '../../../contracts/upstream.js';

/** Owns the choice by chance: each endpoint as often as its share of the weight says, whatever happened before. */
export class WeightedRandom implements Balancer {
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  pick<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    let total = 0;
    for (const endpoint of endpoints) total += endpoint.weight;
    let left = this.random() * total;
    for (const endpoint of endpoints) {
      left -= endpoint.weight;
      if (left < 0) return endpoint;
    }
    // Only rounding leads here.
    return endpoints[endpoints.length - 1];
  }
}
