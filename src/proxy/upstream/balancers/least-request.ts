import type { Balancer, Endpoint } from '../../../contracts/upstream.js';
import { cheaperOfTwo } from './two-choices.js';

/**
 * Owns the choice by load. Endpoints of equal weight: of two at random the one with fewer running exchanges. Where weights differ:
 * at random, by `weight / (running + 1)`, as Envoy weighs them. The lighter of two must not be left alone only because the heavier
 * one is idle too: at low load the weights are the shares.
 */
export class LeastRequest implements Balancer {
  private readonly random: () => number;
  /** The endpoints that were last seen to weigh alike. */
  private even: readonly Endpoint[] | undefined = undefined;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  pick<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    if (endpoints !== this.even) {
      if (!weighAlike(endpoints)) return this.byShare(endpoints);
      this.even = endpoints;
    }
    return cheaperOfTwo(endpoints, this.random, loadOf);
  }

  private byShare<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    let total = 0;
    for (const endpoint of endpoints) total += shareOf(endpoint);
    let left = this.random() * total;
    for (const endpoint of endpoints) {
      left -= shareOf(endpoint);
      if (left < 0) return endpoint;
    }
    // Only rounding leads here.
    return endpoints[endpoints.length - 1];
  }
}

function weighAlike(endpoints: readonly Endpoint[]): boolean {
  const weight = endpoints[0]?.weight;
  for (const endpoint of endpoints) if (endpoint.weight !== weight) return false;
  return true;
}

const loadOf = (endpoint: Endpoint): number => (endpoint.active + 1) / endpoint.weight;
const shareOf = (endpoint: Endpoint): number => endpoint.weight / (endpoint.active + 1);
