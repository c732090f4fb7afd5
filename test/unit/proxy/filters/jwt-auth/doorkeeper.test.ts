import { Doorkeeper } from '../../../../../src/proxy/filters/jwt-auth/doorkeeper.js';

const textOf = (number: number): string => `header.claims.signature-of-number-${String(number)}`;

describe('Doorkeeper', () => {
  it('admits what it has seen before, and nothing at first sight', () => {
    const doorkeeper = new Doorkeeper(1000);
    expect(doorkeeper.admits(textOf(1))).toBe(false);
    expect(doorkeeper.admits(textOf(2))).toBe(false);
    expect(doorkeeper.admits(textOf(1))).toBe(true);
    expect(doorkeeper.admits(textOf(2))).toBe(true);
  });

  it('knows what comes again soon, and little of what comes after more than the memory holds', () => {
    const knownOf = (others: number): number => {
      const doorkeeper = new Doorkeeper(1000);
      for (let number = 0; number < others; number += 1) doorkeeper.admits(textOf(number));
      let known = 0;
      for (let number = 0; number < 100; number += 1) if (doorkeeper.admits(textOf(number))) known += 1;
      return known;
    };
    expect(knownOf(100)).toBeGreaterThan(70);
    expect(knownOf(5000)).toBeLessThan(15);
  });

  it('forgets, so that it never grows', () => {
    const doorkeeper = new Doorkeeper(10);
    doorkeeper.admits(textOf(0));
    for (let number = 1; number < 1000; number += 1) doorkeeper.admits(textOf(number));
    expect(doorkeeper.admits(textOf(0))).toBe(false);
  });
});
