/** Owns stand-ins for endpoints, for tests of who is picked. */
import type { Balancer, Endpoint } from '../../src/contracts/upstream.js';
import { fakeExchange } from './fake-exchange.js';

/** All of it may be changed between picks, as it is at work. */
export interface FakeEndpoint extends Endpoint {
  weight: number;
  active: number;
}

export const fakeEndpoint = (label: string, weight = 1, active = 0): FakeEndpoint => ({
  label,
  authority: label,
  weight,
  active,
});

/** `10.0.0.0:80`, `10.0.0.1:80` and so on. */
export const fakeEndpoints = (count: number, weight = 1): FakeEndpoint[] =>
  Array.from({ length: count }, (_, index) =>
    fakeEndpoint(`10.0.${String(index >> 8)}.${String(index & 255)}:80`, weight),
  );

export const NO_ENDPOINTS: readonly FakeEndpoint[] = [];

/** How often each was picked by `picks` exchanges that are over at once. */
export const picksOf = (
  balancer: Balancer,
  endpoints: readonly Endpoint[],
  picks: number,
): ReadonlyMap<string, number> => {
  const counts = new Map(endpoints.map(({ label }) => [label, 0]));
  const exchange = fakeExchange();
  for (let index = 0; index < picks; index += 1) {
    const label = balancer.pick(endpoints, exchange)?.label ?? 'none';
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
};

/** Pseudo-random numbers that are the same in every run (mulberry32). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** Half-width of what chance alone leaves: five standard deviations of a binomial count. */
export const fiveSigma = (trials: number, share: number): number =>
  5 * Math.sqrt(trials * share * (1 - share));
