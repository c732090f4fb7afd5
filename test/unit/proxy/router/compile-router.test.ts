import fc from 'fast-check';
import type { RouteMatchConfig } from '../../../../src/contracts/config.js';
import type { Router } from '../../../../src/contracts/router.js';
import { compileRouter } from '../../../../src/proxy/router/compile-router.js';
import { type FakeHead, fakeHead, fakeRoute } from '../../../support/fake-exchange.js';
import { matchLinearly } from '../../../support/linear-router.js';

type Table = Readonly<Record<string, Partial<RouteMatchConfig>>>;

const routerOf = (table: Table): Router<string> =>
  compileRouter(
    Object.entries(table).map(([name, match]) => ({ config: fakeRoute(name, match), target: name })),
  );

const ask = (router: Router<string>, head: FakeHead): string => {
  const match = router.match(fakeHead(head));
  if (match.kind === 'matched') return match.target;
  return match.kind === 'not-found' ? '404' : `405 ${match.allow.join(' ')}`;
};

describe('a path of a route', () => {
  const router = routerOf({
    users: { path: '/users' },
    'users-below': { path: '/users/*' },
    user: { path: '/users/:id' },
    posts: { path: '/users/:id/posts' },
    'posts-below': { path: '/users/:id/posts/*' },
    me: { path: '/users/me' },
    folder: { path: '/folder/' },
    at: { path: '/@me/*' },
    cafe: { path: '/café' },
  });

  it.each([
    ['/users', 'users'],
    ['/users/', 'users-below'],
    ['/users/me', 'me'],
    ['/users/7', 'user'],
    ['/users/7/', 'users-below'],
    ['/users/me/posts', 'posts'],
    ['/users/7/posts/', 'posts-below'],
    ['/users/7/posts/8/9', 'posts-below'],
    ['/users/7/likes', 'users-below'],
    ['/usersx', '404'],
    ['/user', '404'],
    ['/folder', '404'],
    ['/folder/', 'folder'],
    ['/', '404'],
    ['/@me', 'at'],
    ['/%40me/x', 'at'],
    ['/caf%C3%A9', 'cafe'],
    ['/USERS', '404'],
  ])('%s goes to %s', (path, expected) => {
    expect(ask(router, { path })).toBe(expected);
  });

  it('never leaks over a segment boundary', () => {
    const api = routerOf({ api: { path: '/api/*' } });
    expect(['/api', '/api/', '/api/x', '/apiary', '/ap', '/x/api'].map((path) => ask(api, { path }))).toEqual(
      ['api', 'api', 'api', '404', '404', '404'],
    );
  });

  it('prefers the longest prefix, and of two that are equally long the one that is literal earlier', () => {
    const prefixes = routerOf({
      all: { path: '/*' },
      param: { path: '/:x/b/*' },
      a: { path: '/a/*' },
      'a-param': { path: '/a/:y/*' },
    });
    expect(ask(prefixes, { path: '/a/b/c' })).toBe('a-param');
    expect(ask(prefixes, { path: '/a' })).toBe('a');
    expect(ask(prefixes, { path: '/c/b' })).toBe('param');
    expect(ask(prefixes, { path: '/c/d' })).toBe('all');
  });

  it('takes every path, and OPTIONS *, for /*', () => {
    const all = routerOf({ all: { path: '/*' }, root: { path: '/' } });
    expect(ask(all, { path: '*', method: 'OPTIONS' })).toBe('all');
    expect(ask(all, { path: '/' })).toBe('root');
    expect(ask(all, { path: '/x/' })).toBe('all');
  });

  it('goes back to another pattern when the first way leads nowhere', () => {
    const back = routerOf({ one: { path: '/a/b/c' }, two: { path: '/a/:x/d' }, three: { path: '/:x/b/e' } });
    expect(['/a/b/c', '/a/b/d', '/a/b/e', '/a/b/f'].map((path) => ask(back, { path }))).toEqual([
      'one',
      'two',
      'three',
      '404',
    ]);
  });

  it.each(['users', '/a/*/b', '/a%2fb', '/../a', ''])(
    'is refused with the name of its route when it is %p',
    (path) => {
      expect(() => routerOf({ broken: { path } })).toThrow('route broken cannot be compiled');
    },
  );
});

describe('a host of a route', () => {
  const router = routerOf({
    any: {},
    api: { hosts: ['API.example.com'] },
    wild: { hosts: ['*.example.com'] },
    deep: { hosts: ['*.b.example.com', '*.c.example.com'] },
  });

  it.each([
    ['api.example.com', 'api'],
    ['www.example.com', 'wild'],
    ['x.y.example.com', 'wild'],
    ['a.b.example.com', 'deep'],
    ['a.c.example.com', 'deep'],
    ['b.example.com', 'wild'],
    ['example.com', 'any'],
    ['notexample.com', 'any'],
    ['', 'any'],
    ['.example.com', 'any'],
  ])('%s goes to %s', (host, expected) => {
    expect(ask(router, { host })).toBe(expected);
  });

  it('falls back to a less specific host when the path is not there', () => {
    const hosts = routerOf({
      exact: { hosts: ['a.example.com'], path: '/x' },
      wild: { hosts: ['*.example.com'], path: '/y' },
      any: { path: '/z' },
    });
    expect(['/x', '/y', '/z', '/w'].map((path) => ask(hosts, { host: 'a.example.com', path }))).toEqual([
      'exact',
      'wild',
      'any',
      '404',
    ]);
  });
});

describe('methods, headers and query of a route', () => {
  it('lets the route with more predicates win, then the order of configuration', () => {
    const router = routerOf({
      plain: { path: '/a' },
      second: { path: '/a' },
      get: { path: '/a', methods: ['GET'] },
      beta: { path: '/a', methods: ['GET'], headers: [{ name: 'X-Beta', value: '1' }] },
      debug: { path: '/a', query: [{ name: 'debug', value: undefined }] },
    });
    expect(ask(router, { path: '/a', method: 'POST' })).toBe('plain');
    expect(ask(router, { path: '/a' })).toBe('get');
    expect(
      ask(router, {
        path: '/a',
        fields: [
          ['x-beta', '0'],
          ['x-beta', '1'],
        ],
      }),
    ).toBe('beta');
    expect(ask(router, { path: '/a', fields: [['x-beta', '2']], method: 'PUT' })).toBe('plain');
    expect(ask(router, { path: '/a', method: 'PUT', query: '?debug' })).toBe('debug');
  });

  it('answers 405 with the union of methods only when nothing less specific takes the request', () => {
    const router = routerOf({
      get: { path: '/a', methods: ['GET'] },
      del: { path: '/a', methods: ['DELETE'] },
      put: { path: '/:x', methods: ['PUT'] },
      host: { hosts: ['api.example.com'], path: '/*', methods: ['PATCH'] },
      never: { path: '/a', methods: ['TRACE'], headers: [{ name: 'x', value: '1' }] },
    });
    expect(ask(router, { path: '/a', method: 'PUT' })).toBe('put');
    expect(ask(router, { path: '/a', method: 'POST' })).toBe('405 PATCH GET HEAD DELETE PUT');
    expect(ask(router, { path: '/a/b', method: 'POST', host: 'other.example.com' })).toBe('404');
  });

  it('takes HEAD where it takes GET, and keeps methods apart by case', () => {
    const router = routerOf({ get: { path: '/a', methods: ['GET'] } });
    expect(ask(router, { path: '/a', method: 'HEAD' })).toBe('get');
    expect(ask(router, { path: '/a', method: 'get' })).toBe('405 GET HEAD');
  });
});

describe('compileRouter', () => {
  it('does the same number of look-ups for one route as for five thousand', () => {
    const table = (count: number): Table =>
      Object.fromEntries(
        Array.from(
          { length: count },
          (_, index) =>
            [
              [`exact-${index}`, { path: `/e/${index}` }],
              [`param-${index}`, { path: `/p${index}/:id/x` }],
              [`host-${index}`, { hosts: [`h${index}.example.com`, `*.w${index}.example.com`] }],
            ] as const,
        ).flat(),
      );
    const lookups = (count: number, head: FakeHead): number => {
      const router = routerOf(table(count));
      const spy = jest.spyOn(Map.prototype, 'get');
      router.match(fakeHead(head));
      const calls = spy.mock.calls.length;
      spy.mockRestore();
      return calls;
    };
    for (const head of [
      { path: '/e/0', host: 'x' },
      { path: '/p0/7/x', host: 'x' },
      { path: '/none/at/all', host: 'x.y' },
      { host: 'a.w0.example.com' },
    ]) {
      expect(lookups(5000, head)).toBe(lookups(1, head));
    }
  });

  it('splits no more of a long path than its patterns are deep', () => {
    const router = routerOf({ user: { path: '/users/:id' }, rest: { path: '/*' } });
    const path = '/a'.repeat(4000);
    const spy = jest.spyOn(String.prototype, 'split');
    expect(ask(router, { path })).toBe('rest');
    expect(spy.mock.calls.every(([, limit]) => limit !== undefined && limit <= 4)).toBe(true);
    spy.mockRestore();
  });

  it('agrees with asking every route in turn', () => {
    const segment = fc.constantFrom('a', 'b', ':x', '');
    const path = fc
      .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([segments, prefix]) => `/${segments.join('/')}${prefix ? '/*' : ''}`.replace(/\/{2,}/g, '/'));
    const match = fc.record({
      hosts: fc.subarray(['x.com', 'a.x.com', '*.x.com', '*.a.x.com'], { maxLength: 2 }),
      path,
      methods: fc.subarray(['GET', 'POST', 'PUT'], { maxLength: 2 }),
      headers: fc.subarray([
        { name: 'h', value: '1' },
        { name: 'g', value: undefined },
      ]),
      query: fc.subarray([{ name: 'q', value: '1' }]),
    });
    const head = fc.record({
      host: fc.constantFrom('x.com', 'a.x.com', 'b.a.x.com', 'y.com'),
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'),
      query: fc.constantFrom('', '?q=1', '?q=2'),
      path: fc
        .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 })
        .chain((parts) => fc.constantFrom(`/${parts.join('/')}`, `/${[...parts, ''].join('/')}`)),
      fields: fc.subarray([
        ['h', '1'],
        ['g', 'x'],
      ] as [string, string][]),
    });
    fc.assert(
      fc.property(
        fc.array(match, { maxLength: 8 }),
        fc.array(head, { minLength: 1, maxLength: 5 }),
        (matches, heads) => {
          const routes = matches.map((each, index) => fakeRoute(String(index), each));
          const router = compileRouter(routes.map((config) => ({ config, target: config.name })));
          for (const each of heads) {
            const answer = router.match(fakeHead(each));
            const sorted =
              answer.kind === 'method-not-allowed' ? { ...answer, allow: [...answer.allow].sort() } : answer;
            expect(sorted).toEqual(matchLinearly(routes, fakeHead(each)));
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});
