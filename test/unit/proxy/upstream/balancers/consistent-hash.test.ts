import fc from 'fast-check';
import type { Balancer } from '../../../../../src/contracts/upstream.js';
import { affinityKeyFor } from '../../../../../src/http/affinity-key.js';
import { ConsistentHash } from '../../../../../src/proxy/upstream/balancers/consistent-hash.js';
import {
  NO_ENDPOINTS,
  fakeEndpoint,
  fakeEndpoints,
  fiveSigma,
  type FakeEndpoint,
} from '../../../../support/fake-endpoint.js';
import { fakeExchange } from '../../../../support/fake-exchange.js';

const LAST: Balancer = { pick: (endpoints) => endpoints[endpoints.length - 1] };

const byUser = (loadFactor = 0): ConsistentHash =>
  new ConsistentHash({
    keyOf: affinityKeyFor({ kind: 'header', name: 'x-user' }),
    loadFactor,
    fallback: LAST,
  });

const from = (user: string) => fakeExchange({ fields: [['x-user', user]] });

const KEYS = 2000;

const placesOf = (balancer: Balancer, endpoints: readonly FakeEndpoint[]): (FakeEndpoint | undefined)[] =>
  Array.from({ length: KEYS }, (_, key) => balancer.pick(endpoints, from(`user-${String(key)}`)));

describe('ConsistentHash', () => {
  it('sends a key to the same endpoint always, whatever the order of the list and whoever asks', () => {
    const endpoints = fakeEndpoints(9);
    const places = placesOf(byUser(), endpoints).map((place) => place?.label);
    expect(placesOf(byUser(), [...endpoints].reverse()).map((place) => place?.label)).toEqual(places);
    expect(placesOf(byUser(), fakeEndpoints(9)).map((place) => place?.label)).toEqual(places);
  });

  it('keeps its places from one release to the next', () => {
    const endpoints = fakeEndpoints(5);
    const places = ['ada', 'bob', 'cy', 'dee', 'eve', 'fay'].map((user) =>
      byUser().pick(endpoints, from(user)),
    );
    expect(places.map((place) => endpoints.indexOf(place!))).toMatchInlineSnapshot(`
     [
       4,
       3,
       4,
       1,
       1,
       1,
     ]
    `);
  });

  it('gives each endpoint its share of the weight', () => {
    const endpoints = [fakeEndpoint('a:1', 1), fakeEndpoint('b:1', 2), fakeEndpoint('c:1', 5)];
    const places = placesOf(byUser(), endpoints);
    for (const endpoint of endpoints) {
      const share = endpoint.weight / 8;
      const count = places.filter((place) => place === endpoint).length;
      expect(Math.abs(count - KEYS * share)).toBeLessThan(fiveSigma(KEYS, share));
    }
  });

  it('moves only the keys of an endpoint that goes, and spreads them over all others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 30 }), fc.nat(), (count, which) => {
        const endpoints = fakeEndpoints(count);
        const gone = endpoints[which % count]!;
        const left = endpoints.filter((endpoint) => endpoint !== gone);
        const before = placesOf(byUser(), endpoints);
        const after = placesOf(byUser(), left);
        let moved = 0;
        for (const [key, place] of before.entries()) {
          if (place === gone) moved += 1;
          else if (after[key] !== place) return false;
        }
        return Math.abs(moved - KEYS / count) < fiveSigma(KEYS, 1 / count);
      }),
      { numRuns: 40 },
    );
  });

  it('moves only to an endpoint that comes', () => {
    const endpoints = fakeEndpoints(10);
    const joined = fakeEndpoint('10.9.9.9:80');
    const before = placesOf(byUser(), endpoints);
    const after = placesOf(byUser(), [joined, ...endpoints]);
    const moved = after.filter((place, key) => place !== before[key]);
    expect(new Set(moved)).toEqual(new Set([joined]));
    expect(Math.abs(moved.length - KEYS / 11)).toBeLessThan(fiveSigma(KEYS, 1 / 11));
  });

  it('moves only to an endpoint whose weight grows', () => {
    const endpoints = fakeEndpoints(4);
    const before = placesOf(byUser(), endpoints);
    endpoints[2]!.weight = 2;
    const after = placesOf(byUser(), endpoints);
    const moved = after.filter((place, key) => place !== before[key]);
    expect(new Set(moved)).toEqual(new Set([endpoints[2]]));
  });

  it('asks another balancer where there is no key, or an empty one', () => {
    const endpoints = fakeEndpoints(50);
    expect(byUser().pick(endpoints, fakeExchange())).toBe(endpoints[49]);
    expect(byUser().pick(endpoints, from(''))).toBe(endpoints[49]);
  });

  it('picks nothing of nothing', () => {
    expect(byUser().pick(NO_ENDPOINTS, from('ada'))).toBeUndefined();
    expect(byUser(1.25).pick(NO_ENDPOINTS, from('ada'))).toBeUndefined();
  });

  describe('with bounded loads', () => {
    /** Exchanges that begin and do not end. */
    const begin = (balancer: ConsistentHash, endpoints: FakeEndpoint[], user: string): FakeEndpoint => {
      const place = balancer.pick(endpoints, from(user))!;
      place.active += 1;
      return place;
    };

    it('never lets an endpoint run more than the factor times its share', () => {
      const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 12 });
      const factors = fc.double({ min: 1, max: 3, noNaN: true });
      const users = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 100 });
      fc.assert(
        fc.property(weights, factors, users, (shares, factor, keys) => {
          const endpoints = shares.map((weight, index) => fakeEndpoint(`10.0.0.${String(index)}:80`, weight));
          const total = shares.reduce((sum, weight) => sum + weight, 0);
          const balancer = byUser(factor);
          return keys.every((key, running) => {
            const place = begin(balancer, endpoints, String(key));
            return place.active <= Math.ceil((factor * (running + 1) * place.weight) / total);
          });
        }),
        { numRuns: 200 },
      );
    });

    it('goes on to one other endpoint for a key, not to any, and comes back', () => {
      const endpoints = fakeEndpoints(5);
      const balancer = byUser(1.25);
      const first = begin(balancer, endpoints, 'ada');
      const second = begin(balancer, endpoints, 'ada');
      expect(second).not.toBe(first);
      first.active = 100;
      for (let again = 0; again < 20; again += 1) expect(balancer.pick(endpoints, from('ada'))).toBe(second);
      first.active = 0;
      second.active = 0;
      expect(balancer.pick(endpoints, from('ada'))).toBe(first);
    });

    it('leaves keys where they are while the load is even', () => {
      const endpoints = fakeEndpoints(5);
      for (const endpoint of endpoints) endpoint.active = 20;
      expect(placesOf(byUser(1.25), endpoints)).toEqual(placesOf(byUser(), endpoints));
    });
  });
});
