import type { UpstreamConfig } from '../../../contracts/config.js';
import type { Timers } from '../../../contracts/timers.js';
import type { Balancer } from '../../../contracts/upstream.js';
import { affinityKeyFor } from '../../../http/affinity-key.js';
import { ConsistentHash } from './consistent-hash.js';
import { LeastRequest } from './least-request.js';
import { PeakEwma } from './peak-ewma.js';
import { WeightedRandom } from './random.js';
import { RoundRobin } from './round-robin.js';
import { StickyCookie } from './sticky-cookie.js';

/** The balancer of an upstream. Each upstream in each worker has its own. */
export function createBalancer(
  config: Pick<UpstreamConfig, 'name' | 'balancer' | 'sticky'>,
  timers: Pick<Timers, 'now'>,
): Balancer {
  const chosen = chooserFor(config.balancer, timers);
  return config.sticky === undefined ? chosen : new StickyCookie(chosen, config.sticky.cookie, config.name);
}

function chooserFor(config: UpstreamConfig['balancer'], timers: Pick<Timers, 'now'>): Balancer {
  switch (config.kind) {
    case 'round-robin':
      return new RoundRobin();
    case 'least-request':
      return new LeastRequest();
    case 'random':
      return new WeightedRandom();
    case 'peak-ewma':
      return new PeakEwma(config, timers);
    case 'consistent-hash':
      return new ConsistentHash({
        keyOf: affinityKeyFor(config.on),
        loadFactor: config.loadFactor,
        fallback: new LeastRequest(),
      });
  }
}
