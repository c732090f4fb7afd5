import { hostOf } from '../../../src/http/authority.js';

describe('hostOf', () => {
  it.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.com:8443', 'example.com'],
    ['example.com.', 'example.com'],
    ['127.0.0.1:80', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['[2001:DB8::1]:443', '[2001:db8::1]'],
    ['under_score.test', 'under_score.test'],
  ])('reads %s as the host %s', (authority, host) => {
    expect(hostOf(authority)).toBe(host);
  });

  it.each([
    '',
    '.',
    'a b',
    'a/b',
    'a\\b',
    'user@a',
    'a:port',
    'a:',
    'a:99999',
    'a:80:80',
    '[::1',
    '[::1]x',
    'caf\xe9',
    'a,b',
    'a#b',
    'a?b',
    'http://a',
  ])('refuses %j', (authority) => {
    expect(hostOf(authority)).toBeUndefined();
  });
});
