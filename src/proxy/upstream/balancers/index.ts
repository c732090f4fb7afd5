import type { UpstreamConfig } from '../../../contracts/config.js';
import type { Balancer } from '../../../contracts/upstream.js';
import { LeastRequest } from './least-request.js';
import { RoundRobin } from './round-robin.js';

/** The balancer of an upstream. Each upstream in each worker has its own. */
export function createBalancer(config: UpstreamConfig): Balancer {
  switch (config.balancer) {
    case 'round-robin':
      return new RoundRobin();
    case 'least-request':
      return new LeastRequest();
  }
}
