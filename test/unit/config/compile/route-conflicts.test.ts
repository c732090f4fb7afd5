import { errorsOf, warningsOf, withRoutes, Workspace } from '../configuration-fixture.js';

describe('routes that hide one another', () => {
  const workspace = new Workspace();
  afterAll(() => workspace.dispose());

  const load = (...matches: readonly string[]) =>
    workspace.yaml(withRoutes(matches.map((match) => [`match: { ${match} }`])));

  it.each([
    ['path: /a', 'path: /a'],
    ['path: /a/:id', 'path: /a/:name'],
    ['path: /a, methods: [GET, POST]', 'path: /a, methods: [post, get]'],
    ['path: /a, headers: { X: "1" }', 'path: /a, headers: { x: "1" }'],
    ['path: /a, host: [a.test, b.test]', 'path: /a, host: B.test'],
  ])('are an error when they are the same: %s and %s', async (first, second) => {
    const result = await load(first, second);
    expect(errorsOf(result)).toEqual([
      'torus.yaml:9: routes[1].match: matches exactly the same requests as route "r0" on the same host',
    ]);
    expect(warningsOf(result)).toEqual([]);
  });

  it.each([
    ['an earlier one with more methods', ['path: /a, methods: [GET, POST]', 'path: /a, methods: [GET]']],
    [
      'two earlier ones that share its methods',
      ['path: /a, methods: [GET]', 'path: /a, methods: [POST]', 'path: /a, methods: [GET, POST]'],
    ],
    [
      'an earlier one that wants any value',
      ['path: /a, headers: { x: true }', 'path: /a, headers: { x: "1" }'],
    ],
  ])('are an error when one is hidden by %s', async (_, matches) => {
    const result = await load(...matches);
    expect(warningsOf(result)).toEqual([]);
    expect(errorsOf(result)).toEqual([
      expect.stringMatching(new RegExp(`routes\\[${matches.length - 1}\\]\\.match: can never be reached`)),
    ]);
  });

  it.each([
    ['the more specific path wins', ['path: /*', 'path: /a/*', 'path: /a/:id', 'path: /a/b']],
    ['the more specific host wins', ['path: /a', 'path: /a, host: "*.test"', 'path: /a, host: a.test']],
    [
      'the one with more predicates wins',
      ['path: /a', 'path: /a, methods: [GET]', 'path: /a, methods: [GET], query: { v: "1" }'],
    ],
    ['methods differ', ['path: /a, methods: [GET]', 'path: /a, methods: [POST]']],
    ['values differ', ['path: /a, query: { v: "1" }', 'path: /a, query: { v: "2" }']],
    [
      'one host is still free',
      ['path: /a, host: a.test, methods: [GET, POST]', 'path: /a, host: [a.test, b.test], methods: [GET]'],
    ],
  ])('are fine when %s', async (_, matches) => {
    const result = await load(...matches);
    expect(errorsOf(result)).toEqual([]);
    expect(warningsOf(result)).toEqual([]);
  });

  it('are found among thousands in no time', async () => {
    const matches = Array.from({ length: 3000 }, (_, index) => `path: /p${index % 2999}/*`);
    expect(errorsOf(await load(...matches))).toHaveLength(1);
  });
});
