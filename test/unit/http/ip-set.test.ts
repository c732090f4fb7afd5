import fc from 'fast-check';
import { canonicalAddress, compileIpSet } from '../../../src/http/ip-set.js';

describe('compileIpSet', () => {
  const set = compileIpSet(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1', '::ffff:198.51.100.0/120']);

  it.each([
    '10.1.2.3',
    '192.0.2.7',
    '2001:db8::5',
    '2001:DB8:0::5',
    '::1',
    '::ffff:10.9.9.9',
    '198.51.100.20',
    '::ffff:198.51.100.20',
  ])('has %s', (address) => expect(set.has(address)).toBe(true));

  it.each([
    '11.0.0.1',
    '192.0.2.8',
    '2001:db9::1',
    '::2',
    '::ffff:11.0.0.1',
    '198.51.101.1',
    '',
    'localhost',
    '10.1',
    '10.1.2.3:80',
    '010.1.2.3',
  ])('does not have %s', (address) => expect(set.has(address)).toBe(false));

  it('reads an address with a zone as the address', () => {
    expect(compileIpSet(['fe80::/10']).has('fe80::1%eth0')).toBe(true);
  });

  it('has everything of a family in a zero-length prefix', () => {
    expect(compileIpSet(['0.0.0.0/0']).has('203.0.113.9')).toBe(true);
    expect(compileIpSet(['0.0.0.0/0']).has('2001:db8::1')).toBe(false);
    expect(compileIpSet(['::/0']).has('2001:db8::1')).toBe(true);
  });

  it('is empty only when it was made of nothing', () => {
    expect(compileIpSet([])).toMatchObject({ empty: true });
    expect(compileIpSet([]).has('10.0.0.1')).toBe(false);
    expect(set.empty).toBe(false);
  });

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0',
    'example.com',
    '10.0.0.0/',
    '/8',
    '',
    '::ffff:10.0.0.0/8',
    '10.0.0.0/8/8',
  ])('throws on %p', (cidr) => {
    expect(() => compileIpSet([cidr])).toThrow(RangeError);
  });

  it('never throws when asked, whatever the address', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.ipV6(), fc.ipV4()),
        (address) => typeof set.has(address) === 'boolean',
      ),
    );
  });

  it('names one address in one way', () => {
    expect(canonicalAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(canonicalAddress('fe80::1%lo')).toBe('fe80::1');
    expect(canonicalAddress('unknown')).toBeUndefined();
  });
});
