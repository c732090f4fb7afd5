import type { Balancer, CertainChoice, Endpoint } from '../../../contracts/upstream.js';
import type { Exchange } from '../../../contracts/exchange.js';
import type { AffinityKey } from '../../../http/affinity-key.js';
import { hashText, rendezvousScore } from '../../../http/rendezvous.js';

/**
 * Owns the choice by key: requests with the same key go to the same endpoint, on every worker and after every start, and a
 * change of the endpoints moves only the keys of those that came or went. Weighted rendezvous hashing over the labels of the
 * endpoints. With bounded loads (Mirrokni, Thorup and Zadimoghaddam 2018): an endpoint with more than `loadFactor` times its
 * share of what runs is passed over for the key's next best one. Counts are those of this worker.
 */

export interface ConsistentHashOptions {
  readonly keyOf: AffinityKey;
  /** 0 for no bound, else at least 1. */
  readonly loadFactor: number;
  /** Chooses for requests without a key. */
  readonly fallback: Balancer;
}

export class ConsistentHash implements Balancer {
  private readonly options: ConsistentHashOptions;
  /** The endpoints that `hashes` were made of. */
  private compiled: readonly Endpoint[] = [];
  private hashes = new Uint32Array();

  constructor(options: ConsistentHashOptions) {
    this.options = options;
  }

  pick<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): T | undefined {
    const key = this.options.keyOf(exchange);
    return key === undefined ? this.options.fallback.pick(endpoints, exchange) : this.byKey(endpoints, key);
  }

  foretell<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): CertainChoice<T> | undefined {
    const key = this.options.keyOf(exchange);
    const endpoint = key === undefined ? undefined : this.byKey(endpoints, key);
    return endpoint && { endpoint, why: 'its key leads there' };
  }

  private byKey<T extends Endpoint>(endpoints: readonly T[], key: string): T | undefined {
    if (endpoints.length < 2) return endpoints[0];
    if (endpoints !== this.compiled) {
      this.compiled = endpoints;
      this.hashes = Uint32Array.from(endpoints, (endpoint) => hashText(endpoint.label));
    }
    return this.best(endpoints, hashText(key), this.runningPerWeight(endpoints));
  }

  /** Ties, which need two labels with one hash, go to the first. */
  private best<T extends Endpoint>(
    endpoints: readonly T[],
    keyHash: number,
    runningPerWeight: number,
  ): T | undefined {
    let best: T | undefined;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let index = 0; index < endpoints.length; index += 1) {
      const endpoint = endpoints[index];
      if (endpoint === undefined) break;
      const { weight } = endpoint;
      if (endpoint.active >= Math.ceil(runningPerWeight * weight)) continue;
      const score = rendezvousScore(keyHash, this.hashes[index] ?? 0, weight, bestScore);
      if (score < bestScore) {
        best = endpoint;
        bestScore = score;
      }
    }
    return best ?? endpoints[0];
  }

  /** How much an endpoint may run for each unit of its weight, this exchange included. */
  private runningPerWeight(endpoints: readonly Endpoint[]): number {
    const { loadFactor } = this.options;
    if (loadFactor === 0) return Number.POSITIVE_INFINITY;
    let running = 1;
    let weight = 0;
    for (const endpoint of endpoints) {
      running += endpoint.active;
      weight += endpoint.weight;
    }
    return (loadFactor * running) / weight;
  }
}
