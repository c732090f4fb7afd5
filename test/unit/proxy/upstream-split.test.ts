import type { AffinityKeyConfig } from '../../../src/contracts/config.js';
import type { Upstream } from '../../../src/contracts/upstream.js';
import { compileSplit } from '../../../src/proxy/upstream-split.js';
import { fiveSigma, seededRandom } from '../../support/fake-endpoint.js';
import { fakeExchange } from '../../support/fake-exchange.js';

const NAMES = ['stable', 'canary', 'other'];
const UPSTREAMS = new Map(NAMES.map((name) => [name, { name } as Upstream]));
const BY_USER: AffinityKeyConfig = { kind: 'header', name: 'x-user' };

const split = (
  weights: Readonly<Record<string, number>>,
  by?: AffinityKeyConfig,
  random = seededRandom(1),
) => {
  const targets = Object.entries(weights).map(([upstream, weight]) => ({ upstream, weight }));
  return compileSplit({ targets, by }, UPSTREAMS, random)!;
};

const from = (user: number) => fakeExchange({ fields: [['x-user', `user-${String(user)}`]] });
const USERS = 4000;
const sidesOf = (at: ReturnType<typeof split>): string[] =>
  Array.from({ length: USERS }, (_, user) => at.choose(from(user)).name);

describe('a split', () => {
  it('divides requests by weight', () => {
    const at = split({ stable: 90, canary: 10 });
    const canaries = Array.from({ length: 10_000 }, () => at.choose(fakeExchange()).name).filter(
      (name) => name === 'canary',
    );
    expect(Math.abs(canaries.length - 1000)).toBeLessThan(fiveSigma(10_000, 0.1));
  });

  it('sends nothing to a weight of 0, not even at the ends of the range', () => {
    for (const point of [0, 0.5, 0.999_999]) {
      const at = split({ canary: 0, stable: 1, other: 0 }, undefined, () => point);
      expect(at.choose(fakeExchange()).name).toBe('stable');
    }
    expect(new Set(sidesOf(split({ canary: 0, stable: 1 }, BY_USER)))).toEqual(new Set(['stable']));
  });

  it('keeps a key on its side, and gives each side its share of keys', () => {
    const sides = sidesOf(split({ stable: 80, canary: 20 }, BY_USER));
    expect(sidesOf(split({ stable: 80, canary: 20 }, BY_USER, seededRandom(9)))).toEqual(sides);
    expect(sidesOf(split({ canary: 20, stable: 80 }, BY_USER))).toEqual(sides);
    const canaries = sides.filter((side) => side === 'canary').length;
    expect(Math.abs(canaries - USERS / 5)).toBeLessThan(fiveSigma(USERS, 0.2));
  });

  it('moves keys only to the side whose weight grows', () => {
    const before = sidesOf(split({ stable: 95, canary: 5, other: 20 }, BY_USER));
    const after = sidesOf(split({ stable: 95, canary: 50, other: 20 }, BY_USER));
    const moved = after.filter((side, user) => side !== before[user]);
    expect(moved.length).toBeGreaterThan(0);
    expect(new Set(moved)).toEqual(new Set(['canary']));
  });

  it('divides requests without a key by chance', () => {
    const at = split({ stable: 1, canary: 1 }, BY_USER);
    const sides = Array.from({ length: 100 }, () => at.choose(fakeExchange()).name);
    expect(new Set(sides).size).toBe(2);
  });
});
