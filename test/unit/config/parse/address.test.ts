import { formatAddress, parseAddress } from '../../../../src/config/parse/address.js';

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0:8443', '0.0.0.0', 8443],
    [':8443', '0.0.0.0', 8443],
    ['[::]:8443', '::', 8443],
    ['[::1]:0', '::1', 0],
    ['localhost:80', 'localhost', 80],
    ['edge-1.internal:65535', 'edge-1.internal', 65_535],
  ])('reads %s', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ ok: true, value: { host, port } });
  });

  it.each([
    '8443',
    '',
    'localhost',
    'localhost:',
    'a:65536',
    '::1:80',
    '[::1]',
    '[zz]:80',
    '1.2.3:80',
    'a b:80',
    '-a:80',
    'a:+1',
  ])('refuses %j', (text) => {
    expect(parseAddress(text).ok).toBe(false);
  });

  it('writes IPv6 addresses back in brackets', () => {
    expect(formatAddress({ host: '::1', port: 80 })).toBe('[::1]:80');
  });
});
