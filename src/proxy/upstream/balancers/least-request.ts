import type { Balancer, Endpoint } from '../../../contracts/upstream.js';
import { cheaperOfTwo } from './two-choices.js';

/** Owns the choice by load: of two endpoints at random the one with fewer running exchanges for its weight. */
export class LeastRequest implements Balancer {
  private readonly random: () => number;

  constructor(random: () => number = Math.random) {
    this.random = random;
  }

  pick<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    return cheaperOfTwo(endpoints, this.random, loadOf);
  }
}

function loadOf(endpoint: Endpoint): number {
  return (endpoint.active + 1) / endpoint.weight;
}
