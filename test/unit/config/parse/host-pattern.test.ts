import { parseHostPattern } from '../../../../src/config/parse/host-pattern.js';

describe('parseHostPattern', () => {
  it.each([
    ['api.example.com', 'api.example.com'],
    ['API.Example.com.', 'api.example.com'],
    ['*.example.com', '*.example.com'],
    ['localhost', 'localhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['[::1]', '[::1]'],
    ['bücher.example', 'xn--bcher-kva.example'],
  ])('reads %s', (text, value) => {
    expect(parseHostPattern(text)).toEqual({ ok: true, value });
  });

  it.each([
    '',
    '*',
    'a.*.com',
    '*example.com',
    'a:80',
    '::1',
    'a..b',
    '-a.com',
    'a b',
    'http://a',
    '*.1.2.3.4',
    '[::1]:80',
    '[zz]',
  ])('refuses %j', (text) => {
    expect(parseHostPattern(text).ok).toBe(false);
  });
});
