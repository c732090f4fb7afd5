import { parsePathPattern, parsePathPrefix } from '../../../../src/config/parse/path-pattern.js';

describe('parsePathPattern', () => {
  it.each([
    '/',
    '/*',
    '/users',
    '/users/',
    '/users/*',
    '/users/:id',
    '/users/:id/posts/:post_id',
    '/a%20b',
    '/v1.0/~x',
    '/a:b',
  ])('accepts %s', (text) => {
    expect(parsePathPattern(text)).toEqual({ ok: true, value: text });
  });

  it.each([
    ['users', 'begin with /'],
    ['', 'begin with /'],
    ['/a//b', '//'],
    ['/a/../b', '..'],
    ['/a/%2e%2E/b', '..'],
    ['/a/.', '..'],
    ['/a%2Fb', 'encoded slash'],
    ['/a%5cb', 'encoded slash'],
    ['/a\\b', 'backslash'],
    ['/a?b', 'query'],
    ['/a#b', 'fragment'],
    ['/a b', 'percent-encode'],
    ['/ü', 'percent-encode'],
    ['/a%zz', 'percent-encode'],
    ['/a%00b', 'refused for'],
    ['/a/..;x/b', 'refused for'],
    ['/a/%c0%af', 'refused for'],
    ['/*/a', 'last segment'],
    ['/a*', 'last segment'],
    ['/**', 'last segment'],
    ['/:', 'name its parameters'],
    ['/:1', 'name its parameters'],
    ['/:a/:a', 'twice'],
  ])('refuses %j', (text, reason) => {
    expect(parsePathPattern(text)).toEqual({ ok: false, message: expect.stringContaining(reason) });
  });
});

describe('parsePathPrefix', () => {
  it('drops a slash at the end', () => {
    expect(parsePathPrefix('/api/')).toEqual({ ok: true, value: '/api' });
    expect(parsePathPrefix('/')).toEqual({ ok: true, value: '/' });
  });

  it.each(['/api/*', '/:id', 'api', '/a//b'])('refuses %j', (text) => {
    expect(parsePathPrefix(text).ok).toBe(false);
  });
});
