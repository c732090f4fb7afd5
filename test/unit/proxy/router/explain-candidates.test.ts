/** The account of a match: who was asked in which order, and what stood in the way. */
import fc from 'fast-check';
import type { RouteMatchConfig } from '../../../../src/contracts/config.js';
import type { ExplainedCandidate } from '../../../../src/contracts/explanation.js';
import type { ExplainingRouter } from '../../../../src/contracts/router.js';
import { compileRouter } from '../../../../src/proxy/router/compile-router.js';
import { type FakeHead, fakeHead, fakeRoute } from '../../../support/fake-exchange.js';

type Table = Readonly<Record<string, Partial<RouteMatchConfig>>>;

const routerOf = (table: Table): ExplainingRouter<string> =>
  compileRouter(
    Object.entries(table).map(([name, match]) => ({ config: fakeRoute(name, match), target: name })),
  );

const explained = (table: Table, head: FakeHead, limit = 20): readonly ExplainedCandidate[] =>
  routerOf(table).explain(fakeHead(head), limit).candidates;

const words = (candidates: readonly ExplainedCandidate[]): string[] =>
  candidates.map(({ route, result, failed }) =>
    [route, failed === undefined ? result : `${failed.predicate}: ${failed.wanted} / ${failed.got}`].join(
      ' ',
    ),
  );

describe('the candidates of a request', () => {
  it('stand in the order of precedence, each with the first predicate that failed', () => {
    const table: Table = {
      all: { path: '/*' },
      users: { path: '/users/*', methods: ['GET', 'POST'] },
      beta: { path: '/users/*', headers: [{ name: 'x-beta', value: '1' }] },
      version: { path: '/users/*', query: [{ name: 'v', value: '2' }] },
      other: { hosts: ['other.example.com'], path: '/users/*' },
      posts: { path: '/posts' },
    };
    expect(
      words(
        explained(table, {
          path: '/users/7',
          method: 'DELETE',
          query: '?v=1',
          fields: [['x-beta', '0']],
        }),
      ),
    ).toEqual([
      'other host: other.example.com / api.example.com',
      'posts path: /posts / /users/7',
      'users methods: GET, HEAD, POST / DELETE',
      'beta headers: 1 / 0',
      'version query: 2 / 1',
      'all chosen',
    ]);
  });

  it('say of routes behind the chosen one that they are outranked', () => {
    const table: Table = { all: { path: '/*' }, users: { path: '/users/*' }, same: { path: '/users/*' } };
    expect(words(explained(table, { path: '/users' }))).toEqual([
      'users chosen',
      'same outranked',
      'all outranked',
    ]);
  });

  it('hide what is in credentials', () => {
    const [candidate] = explained(
      { key: { path: '/*', headers: [{ name: 'x-api-key', value: 's3cret' }] } },
      { fields: [['x-api-key', 'guess']] },
    );
    expect(candidate).toMatchObject({
      match: '/* header x-api-key=[hidden]',
      failed: { predicate: 'headers', name: 'x-api-key', wanted: '[hidden]', got: '[hidden]' },
    });
  });

  it('are the nearest ones of many, with the chosen one among them', () => {
    const table = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [`r${String(index)}`, { path: `/a/${String(index)}` }]),
    );
    const router = routerOf({ far: { path: '/far' }, ...table, near: { path: '/a/7777', methods: ['PUT'] } });
    const { total, candidates } = router.explain(fakeHead({ path: '/a/7777' }), 3);
    expect(total).toBe(10_002);
    expect(words(candidates)).toEqual(['near methods: PUT / GET', 'r0 path: /a/0 / /a/7777', 'r7777 chosen']);
  });

  it('keep the routes of CONNECT apart', () => {
    const tunnel = { ...fakeRoute('tunnel'), connect: { ports: [443] } };
    const router = compileRouter([
      { config: fakeRoute('plain'), target: 'plain' },
      { config: tunnel, target: 'tunnel' },
    ]);
    expect(words(router.explain(fakeHead(), 5).candidates)).toEqual([
      'plain chosen',
      'tunnel kind: CONNECT / GET',
    ]);
    const connect = { method: 'CONNECT', connect: 'tcp', authority: 'db:25', host: 'db' } as const;
    expect(words(router.explain(fakeHead(connect), 5).candidates)).toEqual([
      'tunnel ports: 443 / 25',
      'plain kind: any request but CONNECT / CONNECT',
    ]);
  });
});

describe('the first candidate without a failing predicate', () => {
  const sometimes = <T>(values: T[]): fc.Arbitrary<T[]> =>
    fc.oneof(fc.constant<T[]>([]), fc.subarray(values));
  const segment = fc.constantFrom('a', 'b', ':x', ':y', '', '%41', 'A');
  const path = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([segments, prefix]) => `/${segments.join('/')}${prefix ? '/*' : ''}`.replace(/\/{2,}/g, '/'));
  const match = fc.record({
    hosts: fc.oneof(
      fc.constant([]),
      fc.subarray(['x.com', 'a.x.com', '*.x.com', '*.a.x.com', 'A.X.com', '*'], { maxLength: 3 }),
    ),
    path,
    methods: sometimes(['GET', 'POST', 'PUT']),
    headers: sometimes([
      { name: 'h', value: '1' },
      { name: 'G', value: undefined },
    ]),
    query: sometimes([{ name: 'q', value: '1' }]),
  });
  const route = fc.record({ match, ports: fc.option(fc.subarray([25, 443]), { freq: 1 }) });
  const head = fc.record({
    host: fc.constantFrom('x.com', 'a.x.com', 'b.a.x.com', '.x.com', 'y.com', ''),
    authority: fc.constantFrom('x.com:25', 'x.com:443', 'x.com:80'),
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'),
    connect: fc.constantFrom(undefined, undefined, undefined, 'tcp' as const),
    query: fc.constantFrom('', '?q=1', '?q=2', '?q=2&q=1'),
    path: fc
      .array(fc.constantFrom('a', 'b', 'c', 'A', '%40'), { maxLength: 5 })
      .chain((parts) => fc.constantFrom(`/${parts.join('/')}`, `/${[...parts, ''].join('/')}`, '*')),
    fields: fc.subarray([
      ['h', '1'],
      ['g', 'x'],
    ] as [string, string][]),
  });

  it('is always what match returns, for any routes and requests', () => {
    let matched = 0;
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 8 }),
        fc.array(head, { minLength: 1, maxLength: 5 }),
        (routes, heads) => {
          const router = compileRouter(
            routes.map(({ match: each, ports }, index) => ({
              config: {
                ...fakeRoute(String(index), each),
                ...(ports === null ? {} : { connect: { ports } }),
              },
              target: String(index),
            })),
          );
          for (const each of heads) {
            const request = fakeHead(each);
            const answer = router.match(request);
            const { candidates } = router.explain(request, routes.length);
            const first = candidates.find(({ failed }) => failed === undefined);
            expect(candidates).toHaveLength(routes.length);
            expect(first?.route).toBe(answer.kind === 'matched' ? answer.target : undefined);
            expect(first === undefined || first.result === 'chosen').toBe(true);
            if (first !== undefined) matched += 1;
            // A cut list keeps the first.
            if (first !== undefined)
              expect(
                router
                  .explain(request, 1 + (matched % 3))
                  .candidates.some(({ result }) => result === 'chosen'),
              ).toBe(true);
          }
        },
      ),
      { numRuns: 2000 },
    );
    expect(matched).toBeGreaterThan(500);
  });
});
