import { LeastRequest } from '../../../../../src/proxy/upstream/balancers/least-request.js';
import { WeightedRandom } from '../../../../../src/proxy/upstream/balancers/random.js';
import { RoundRobin } from '../../../../../src/proxy/upstream/balancers/round-robin.js';
import {
  NO_ENDPOINTS,
  fakeEndpoint,
  fakeEndpoints,
  fiveSigma,
  picksOf,
  seededRandom,
} from '../../../../support/fake-endpoint.js';

describe('WeightedRandom', () => {
  it('gives each endpoint its share of the weight', () => {
    const endpoints = [fakeEndpoint('a', 1), fakeEndpoint('b', 3), fakeEndpoint('c', 6)];
    const counts = picksOf(new WeightedRandom(seededRandom(1)), endpoints, 20_000);
    for (const { label, weight } of endpoints) {
      const share = weight / 10;
      expect(Math.abs((counts.get(label) ?? 0) - 20_000 * share)).toBeLessThan(fiveSigma(20_000, share));
    }
  });

  it('follows a weight that changes', () => {
    const [warm, cold] = [fakeEndpoint('warm', 1), fakeEndpoint('cold', 0.1)];
    const balancer = new WeightedRandom(seededRandom(2));
    const before = picksOf(balancer, [warm, cold], 11_000).get('cold') ?? 0;
    cold.weight = 1;
    const after = picksOf(balancer, [warm, cold], 11_000).get('cold') ?? 0;
    expect(Math.abs(before - 1000)).toBeLessThan(fiveSigma(11_000, 1 / 11));
    expect(Math.abs(after - 5500)).toBeLessThan(fiveSigma(11_000, 0.5));
  });

  it('picks nothing of nothing, and the last at the very end of the range', () => {
    expect(new WeightedRandom().pick(NO_ENDPOINTS)).toBeUndefined();
    const endpoints = fakeEndpoints(3, 0.1);
    expect(new WeightedRandom(() => 1).pick(endpoints)).toBe(endpoints[2]);
  });
});

describe('RoundRobin', () => {
  it('spreads the turns of a heavy endpoint instead of giving them in a row', () => {
    const balancer = new RoundRobin();
    const endpoints = [fakeEndpoint('a', 5), fakeEndpoint('b', 1), fakeEndpoint('c', 1)];
    const order = Array.from({ length: 7 }, () => balancer.pick(endpoints)?.label).join('');
    expect(order).toBe('aabacaa');
  });

  it('keeps its turns when the endpoints change', () => {
    const balancer = new RoundRobin();
    const endpoints = fakeEndpoints(4);
    picksOf(balancer, endpoints, 10);
    const fewer = endpoints.slice(1);
    for (const count of picksOf(balancer, fewer, 300).values())
      expect(Math.abs(count - 100)).toBeLessThanOrEqual(1);
  });
});

describe('LeastRequest', () => {
  it('takes the one with fewer running exchanges for its weight', () => {
    const busy = fakeEndpoint('busy', 1, 5);
    const idle = fakeEndpoint('idle', 1, 4);
    const balancer = new LeastRequest(seededRandom(3));
    expect(picksOf(balancer, [busy, idle], 100).get('idle')).toBe(100);
  });

  it('gives endpoints that weigh differently their shares of the weight, as long as both are idle', () => {
    const endpoints = [fakeEndpoint('light', 1), fakeEndpoint('heavy', 3)];
    const counts = picksOf(new LeastRequest(seededRandom(5)), endpoints, 20_000);
    expect(Math.abs((counts.get('light') ?? 0) - 5000)).toBeLessThan(fiveSigma(20_000, 0.25));
  });

  it('gives the busier of two that weigh differently less than its share', () => {
    const endpoints = [fakeEndpoint('light', 1, 1), fakeEndpoint('heavy', 4, 15)];
    const counts = picksOf(new LeastRequest(seededRandom(6)), endpoints, 20_000);
    expect(Math.abs((counts.get('heavy') ?? 0) - 20_000 / 3)).toBeLessThan(fiveSigma(20_000, 1 / 3));
  });

  it('follows a weight that grows until all weigh alike', () => {
    const [warm, cold] = [fakeEndpoint('warm', 1), fakeEndpoint('cold', 0.1)];
    const endpoints = [warm, cold];
    const balancer = new LeastRequest(seededRandom(7));
    const before = picksOf(balancer, endpoints, 11_000).get('cold') ?? 0;
    cold.weight = 1;
    const after = picksOf(balancer, endpoints, 11_000).get('cold') ?? 0;
    warm.active = 1;
    const busy = picksOf(balancer, endpoints, 100).get('cold') ?? 0;
    expect(Math.abs(before - 1000)).toBeLessThan(fiveSigma(11_000, 1 / 11));
    expect(Math.abs(after - 5500)).toBeLessThan(fiveSigma(11_000, 0.5));
    expect(busy).toBe(100);
  });

  it('never takes the busiest of many', () => {
    const endpoints = fakeEndpoints(10);
    for (const endpoint of endpoints) endpoint.active = 1;
    endpoints[3]!.active = 50;
    expect(picksOf(new LeastRequest(seededRandom(4)), endpoints, 1000).get(endpoints[3]!.label)).toBe(0);
  });

  it('picks the only one, and nothing of nothing', () => {
    const only = fakeEndpoint('only', 1, 99);
    expect(new LeastRequest().pick([only])).toBe(only);
    expect(new LeastRequest().pick(NO_ENDPOINTS)).toBeUndefined();
  });
});
