import { failingAfter } from '../../../src/http/failing-endpoint.js';

describe('an endpoint is failing', () => {
  it('after as many failures in a row as eject it', () =>
    expect(failingAfter({ consecutive5xx: 3 })).toBe(3));

  it('after five where ejection is off', () => expect(failingAfter(undefined)).toBe(5));
});
