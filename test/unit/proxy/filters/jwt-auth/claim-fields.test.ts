import fc from 'fast-check';
import { fieldValueOf } from '../../../../../src/proxy/filters/jwt-auth/claim-fields.js';

describe('fieldValueOf', () => {
  it.each([
    ['ada', 'ada'],
    ['Ada Lovelace', 'Ada Lovelace'],
    ['', ''],
    [7, '7'],
    [true, 'true'],
    [['a', 'b'], 'a,b'],
    [[], ''],
    [[1, 'x y'], '1,x y'],
    ['Doe, John', 'Doe%2C John'],
    [['a,admin'], 'a%2Cadmin'],
    ['100%', '100%25'],
    ['%0D', '%250D'],
    [' a ', '%20a%20'],
    [' ', '%20'],
    ['a\r\nx: y', 'a%0D%0Ax: y'],
    ['a\0', 'a%00'],
    ['\t', '%09'],
    ['Zoë', 'Zo%C3%AB'],
    ['\u4e00\u{1f600}', '%E4%B8%80%F0%9F%98%80'],
  ])('writes %p as %p', (claim, value) => {
    expect(fieldValueOf(claim)).toBe(value);
  });

  it('writes what is deeper as base64url of its JSON', () => {
    for (const claim of [{ roles: ['a'] }, [{ a: 1 }], [null], [['a']]]) {
      expect(JSON.parse(Buffer.from(fieldValueOf(claim) ?? '', 'base64url').toString())).toEqual(claim);
    }
  });

  it('makes nothing of null', () => {
    expect(fieldValueOf(null)).toBeUndefined();
    expect(fieldValueOf(undefined)).toBeUndefined();
  });

  it('makes of any text a value that fits a field and can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const value = fieldValueOf(text) ?? '';
        expect(value).toMatch(/^(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?$/);
        expect(value).not.toContain(',');
        expect(decodeURIComponent(value)).toBe(text);
      }),
    );
  });
});
