import { parseCidr } from '../../../../src/config/parse/cidr.js';

describe('parseCidr', () => {
  it.each(['10.0.0.0/8', '127.0.0.1', 'fd00::/8', '::1', '0.0.0.0/0', '::/128'])('reads %s', (text) => {
    expect(parseCidr(text)).toEqual({ ok: true, value: text });
  });

  it.each([
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    'host',
    '10.0.0.0/-1',
  ])('refuses %j', (text) => {
    expect(parseCidr(text).ok).toBe(false);
  });
});
