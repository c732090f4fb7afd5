import type { SlowStartConfig } from '../../contracts/config.js';

/** Owns how the weight of an endpoint grows after it became available: it is asked for little until it is warm. Pure. */

/**
 * The weight that counts `ageMs` after the endpoint became available, as Envoy computes it:
 * `weight * max(minWeight, (age / window) ^ (1 / aggression))`. Never 0: an endpoint that gets nothing never warms up.
 */
export function slowStartWeight(config: SlowStartConfig, weight: number, ageMs: number): number {
  if (ageMs >= config.windowMs) return weight;
  const grown = Math.pow(Math.max(ageMs, 1) / config.windowMs, 1 / config.aggression);
  return weight * Math.max(config.minWeight, grown);
}
