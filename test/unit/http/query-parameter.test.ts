import fc from 'fast-check';
import { queryMatches, queryValues } from '../../../src/http/query-parameter.js';

describe('queryMatches', () => {
  it.each([
    ['?a=1', 'a', '1'],
    ['?b=2&a=1', 'a', '1'],
    ['?a=0&a=1', 'a', '1'],
    ['?a', 'a', ''],
    ['?a', 'a', undefined],
    ['?x%20y=a+b', 'x y', 'a b'],
    ['?a=%zz', 'a', '%zz'],
    ['?a==', 'a', '='],
    ['?=1', '', '1'],
  ])('finds in %s the parameter %s=%s', (query, name, value) => {
    expect(queryMatches(query, name, value)).toBe(true);
  });

  it.each([
    ['', 'a', undefined],
    ['?', 'a', undefined],
    ['?', '', undefined],
    ['?aa=1', 'a', undefined],
    ['?a=1', 'a', '2'],
    ['?b=a', 'a', undefined],
    ['?a;b=1', 'b', undefined],
  ])('does not find in %s the parameter %s=%s', (query, name, value) => {
    expect(queryMatches(query, name, value)).toBe(false);
  });

  it('reads what URLSearchParams writes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
          maxLength: 5,
        }),
        (pairs) => {
          const query = `?${new URLSearchParams(pairs).toString()}`;
          for (const [name, value] of pairs) expect(queryMatches(query, name, value)).toBe(true);
        },
      ),
    );
  });
});

describe('queryValues', () => {
  it('gives every value in order, up to the limit', () => {
    expect(queryValues('?a=1&b=2&a=%33', 'a', 5)).toEqual(['1', '3']);
    expect(queryValues('?a=1&a=2&a=3', 'a', 2)).toEqual(['1', '2']);
    expect(queryValues('', 'a', 2)).toEqual([]);
  });
});
