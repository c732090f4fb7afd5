import { editDistance, nearestKey } from '../../../src/config/nearest-key.js';

describe('nearestKey', () => {
  it('counts swapped neighbours as one edit', () => {
    expect(editDistance('naem', 'name')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it.each([
    ['adress', 'address'],
    ['pth', 'path'],
    ['max_idle', 'maxIdle'],
    ['jwtauth', 'jwt-auth'],
    ['listener', 'listeners'],
  ])('knows what %s was meant to be', (written, meant) => {
    expect(nearestKey(written, ['address', 'path', 'maxIdle', 'jwt-auth', 'listeners'])).toBe(meant);
  });

  it('guesses nothing when nothing is near', () => {
    expect(nearestKey('colour', ['address', 'path'])).toBeUndefined();
  });
});
