import { formatProblem } from '../../../src/config/index.js';
import {
  errorsOf,
  SECRET,
  snapshotOf,
  warningsOf,
  withRoute,
  withRoutes,
  Workspace,
} from './configuration-fixture.js';

describe('loadConfig', () => {
  const workspace = new Workspace();
  beforeAll(() => workspace.writeCertificate());
  afterAll(() => workspace.dispose());

  const errors = async (text: string, env?: NodeJS.ProcessEnv): Promise<string[]> =>
    errorsOf(await workspace.yaml(text, env));

  it('has the defaults of the edge profile', async () => {
    const snapshot = snapshotOf(await workspace.yaml(withRoute()));
    expect(snapshot.listeners[0]).toMatchObject({
      tls: undefined,
      limits: {
        requestLineBytes: 8 * 1024,
        headBytes: 16 * 1024,
        headerCount: 100,
        requestsPerConnection: 1000,
        connectionAgeMs: 3_600_000,
        bodyBytesPerSecond: 240,
        allowUnderscores: false,
      },
      protocols: ['http1'],
      http2: {
        maxConcurrentStreams: 100,
        streamWindowBytes: 64 * 1024,
        connectionWindowBytes: 1024 * 1024,
      },
      timeouts: {
        requestHeadMs: 10_000,
        bodyGapMs: 60_000,
        writeGapMs: 60_000,
        keepAliveMs: 75_000,
        tlsHandshakeMs: 10_000,
      },
    });
    expect(snapshot.upstreams[0]).toEqual({
      name: 'users',
      endpoints: [{ scheme: 'http', host: '127.0.0.1', port: 9000, weight: 1 }],
      discovery: undefined,
      healthCheck: undefined,
      outlierEjection: { consecutive5xx: 5, baseMs: 30_000, maxMs: 300_000, maxEjected: 0.1 },
      panicThreshold: 0.5,
      balancer: { kind: 'least-request' },
      sticky: undefined,
      slowStart: undefined,
      connectTimeoutMs: 3000,
      protocol: 'http1',
      http2: {
        maxConcurrentStreams: 100,
        streamWindowBytes: 64 * 1024,
        connectionWindowBytes: 1024 * 1024,
        pingIntervalMs: 10_000,
        pingTimeoutMs: 5_000,
      },
      tls: { verify: true, caPem: undefined, serverName: undefined },
      pool: {
        maxConnections: 1024,
        maxIdle: 256,
        idleTimeoutMs: 60_000,
        maxPending: 1024,
        maxRequests: undefined,
        pendingTimeoutMs: 3000,
      },
      limits: {
        maxRequests: undefined,
        maxConnections: undefined,
        maxPending: 1024,
        pendingTimeoutMs: 3000,
      },
      adaptiveConcurrency: undefined,
      retryBudget: { share: 0.2, minConcurrent: 3 },
    });
    expect(snapshot.routes[0]).toMatchObject({
      timeouts: { requestMs: 0, responseHeadMs: 15_000, grpcResponseHeadMs: 300_000, idleMs: 300_000 },
      retry: {
        attempts: 1,
        on: ['connect-failure', 'refused-stream'],
        statuses: [],
        perTryTimeoutMs: 0,
        nonIdempotent: false,
        backoff: { baseMs: 25, maxMs: 250 },
        maxRetryAfterMs: 1000,
        bufferBytes: 65_536,
        hedge: undefined,
      },
      upgrades: ['websocket'],
      hostHeader: 'preserve',
      rewrite: undefined,
    });
    expect(snapshot).toMatchObject({
      version: 1,
      admin: { host: '127.0.0.1', port: 9901, mayMove: true },
      shutdown: { delayMs: 0, timeoutMs: 10_000 },
      supervisor: {
        heartbeatTimeoutMs: 30_000,
        startTimeoutMs: 30_000,
        backoffMinMs: 100,
        backoffMaxMs: 30_000,
      },
      log: {
        level: 'info',
        access: { format: 'json', fields: {}, sample: 1, file: undefined },
        pretty: false,
      },
      trustedProxies: [],
      forwarded: { style: 'x-forwarded', via: 'torus', requestIdField: 'x-request-id' },
    });
    expect(snapshot.workers).toBeGreaterThanOrEqual(1);
    expect(snapshot.maxConnectionsPerWorker).toBeGreaterThan(1);
  });

  it('buffers at most 1 MiB by default in body-limit', async () => {
    const snapshot = snapshotOf(
      await workspace.yaml(withRoute('match: { path: /* }', 'filters: [{ body-limit: {} }]')),
    );
    expect(snapshot.routes[0]?.filters).toEqual([{ name: 'body-limit', options: { maxBytes: 1024 * 1024 } }]);
  });

  it('freezes the snapshot all the way down', async () => {
    const snapshot = snapshotOf(await workspace.yaml(withRoute('match: { path: /*, methods: [GET] }')));
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(visit);
    };
    visit(snapshot);
  });

  it('gives a snapshot that survives the way to the workers', async () => {
    const snapshot = snapshotOf(await workspace.yaml(withRoute()));
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(
      JSON.parse(JSON.stringify(structuredClone(snapshot))),
    );
  });

  it('names unknown keys with their line and the nearest valid key', async () => {
    const text = withRoute('match:', '  path: /*', '  methds: [GET]', 'timeots: { request: 1s }').replace(
      'listeners',
      'colour: red\nlisteners',
    );
    expect(await errors(text)).toEqual([
      expect.stringMatching(/^torus\.yaml:1: colour: unknown key \(valid here: workers, /),
      'torus.yaml:9: routes[0].match.methds: unknown key (did you mean "methods"?)',
      'torus.yaml:10: routes[0].timeots: unknown key (did you mean "timeouts"?)',
    ]);
  });

  it('names a misspelt filter and a misspelt option of a filter', async () => {
    expect(
      await errors(
        withRoute('match: { path: /* }', 'filters:', '  - jwt_auth: {}', '  - body-limit: { mx: 1B }'),
      ),
    ).toEqual([
      'torus.yaml:8: routes[0].filters[0].jwt_auth: unknown key (did you mean "jwt-auth"?)',
      'torus.yaml:9: routes[0].filters[1].body-limit.mx: unknown key (did you mean "max"?)',
    ]);
  });

  it('reports everything that is wrong at once', async () => {
    const text = withRoute(
      'match: { path: users }',
      'timeouts: { request: 30 }',
      'upgrades: 5',
      'hostHeader: other',
    );
    expect(await errors(text)).toHaveLength(4);
  });

  it.each([
    ['a key that is there twice', 'workers: 1\nworkers: 2\n', 'torus.yaml:2: this key is here twice'],
    ['a bracket that is missing', 'routes: [{ name: x\n', /^torus\.yaml:2: /],
    ['an alias without anchor', 'workers: *nope\n', /alias/],
    ['two documents', 'workers: 1\n---\nworkers: 2\n', /one document/],
  ])('locates %s', async (_, text, expected) => {
    expect((await errors(text))[0]).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    );
  });

  it('does not expand a bomb of aliases', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((key, index) => {
        const previous = 'abcdefgh'[index] ?? 'a';
        return `${key}: &${key} [${Array(9).fill(`*${previous}`).join(',')}]`;
      }),
    ].join('\n');
    expect(await errors(bomb)).toEqual([expect.stringContaining('aliases')]);
  });

  it('refuses an anchor that holds itself', async () => {
    expect(await errors('routes: &a [*a]')).toEqual([
      'torus.yaml: must be plain data that does not hold itself',
    ]);
  });

  it('reads anchors and merge keys', async () => {
    const text = withRoutes([
      ['match: { path: /a }', 'timeouts: &slow { request: 9s }'],
      ['match: { path: /b }', 'timeouts: { <<: *slow, idle: 1s }'],
    ]);
    expect(snapshotOf(await workspace.yaml(text)).routes[1]?.timeouts).toMatchObject({
      requestMs: 9000,
      idleMs: 1000,
    });
  });

  it('never repeats a secret, wherever it was put', async () => {
    const texts = [
      `routes: [{ secret: "${SECRET}`,
      `workers: ${SECRET}\nroutes: ["${SECRET}"]\nlog: { level: "${SECRET}" }`,
      withRoute('match: { path: /* }', `filters: [{ jwt-auth: "${SECRET}" }]`),
      withRoute(
        'match: { path: /* }',
        `filters: [{ jwt-auth: { secret: "${SECRET}", algorithms: ["${SECRET}"], leeway: "${SECRET}" } }]`,
      ),
      withRoute(
        'match: { path: /* }',
        `filters: [{ jwt-auth: { secret: ["${SECRET}"], jwksUrl: "https://u:${SECRET}@a" } }]`,
      ),
      withRoute(
        'match: { path: /* }',
        `filters: [{ jwt-auth: { secret: "${SECRET}", algorithms: [RS256] } }]`,
      ),
      withRoute(
        'match: { path: /* }',
        `filters: [{ headers: { request: { set: { authorization: " ${SECRET}" } } } }]`,
      ),
      `"${SECRET}`,
      `@${SECRET}: {{`,
    ];
    for (const text of texts) {
      const found = await errors(text);
      expect(found.length).toBeGreaterThan(0);
      expect(found.join('\n')).not.toContain(SECRET);
    }
  });

  it('refuses an empty file, an empty list of routes and a list instead of an object', async () => {
    expect(await errors('')).toEqual(
      ['torus.yaml: routes: is required'.replace('torus.yaml:', 'torus.yaml:1:')].map((text) =>
        expect.stringContaining(text.slice(-19)),
      ),
    );
    expect(await errors(withRoutes([]).replace('routes:', 'routes: []'))).toEqual([
      'torus.yaml:3: routes: must have at least one entry',
    ]);
    expect((await errors('- a'))[0]).toContain('must be an object');
  });

  it('names the keys of an object where a bare value stands', async () => {
    const lines = ['match: { path: /* }', 'mirror: shadow', 'retry: 3'];
    expect(await errors(withRoute(...lines))).toEqual([
      expect.stringContaining('mirror: must be an object (valid keys: upstream, sample, '),
      expect.stringContaining('retry: must be an object such as { attempts: 2, on: [5xx] }, or false'),
    ]);
  });

  it('names the file that is missing', async () => {
    expect(errorsOf(await workspace.load({ file: 'absent.yaml' }))).toEqual(['absent.yaml: does not exist']);
    expect(errorsOf(await workspace.load({ file: 'certs' }))).toEqual(['certs: is not a file']);
  });

  it('reads JSON with tabs, and locates its problems', async () => {
    workspace.write(
      'x.json',
      '{\n\t"routes": [\n\t\t{"name": "x", "match": {"path": "/*"}, "upstream": "usrs"}\n\t],\n\t"upstreams": {"users": {"endpoints": ["http://a"]}}\n}',
    );
    expect(errorsOf(await workspace.load({ file: 'x.json' }))).toEqual([
      'x.json:3: routes[0].upstream: there is no upstream "usrs" (did you mean "users"?)',
    ]);
  });

  it('says which Node can read TypeScript where this one cannot', async () => {
    workspace.write('torus.ts', 'export default {}');
    const found = errorsOf(await workspace.load({ file: 'torus.ts' }));
    if (!(process.features as { typescript?: unknown }).typescript)
      expect(found).toEqual([expect.stringContaining('needs Node 22.18')]);
  });

  it('takes overrides over the file, one level deep', async () => {
    workspace.write('o.yaml', `log: { level: error, access: false }\n${withRoute()}`);
    const result = await workspace.load({
      file: 'o.yaml',
      version: 7,
      overrides: { workers: 1, log: { format: 'pretty' } },
    });
    expect(snapshotOf(result)).toMatchObject({
      version: 7,
      workers: 1,
      log: { level: 'error', access: undefined, pretty: true },
    });
  });

  it('refuses names, addresses and endpoints that are taken', async () => {
    const text = [
      'listeners: [{ name: a, address: ":1" }, { name: a, address: "0.0.0.0:1" }, { name: c, address: ":0" }, { name: admin, address: ":0" }]',
      'upstreams: { u: { endpoints: ["http://a:1", "http://a:1"] } }',
      'routes:',
      '  - { name: r, match: { path: /a }, upstream: u }',
      '  - { name: r, match: { path: /b }, upstream: u }',
    ].join('\n');
    expect(await errors(text)).toEqual([
      'torus.yaml:1: listeners[1].name: "a" is taken by listeners[0].name',
      'torus.yaml:1: listeners[3].name: "admin" is taken by admin',
      'torus.yaml:1: listeners[1].address: "0.0.0.0:1" is taken by listeners[0].address',
      'torus.yaml:2: upstreams.u.endpoints[1]: "a:1" is taken by upstreams.u.endpoints[0]',
      'torus.yaml:5: routes[1].name: "r" is taken by routes[0].name',
    ]);
  });

  it('wants an upstream for every route but a redirect', async () => {
    const text = (filters: string): string =>
      withRoute('match: { path: /* }', `filters: ${filters}`).replace('    upstream: users\n', '');
    expect(await errors(text('[]'))).toEqual([expect.stringContaining('routes[0].upstream: is required')]);
    expect(await errors(text('[{ redirect: { location: / } }]'))).toEqual([]);
  });

  it('reads both kinds of rewrite, and refuses one that never applies', async () => {
    const rewrite = async (path: string, value: string) =>
      workspace.yaml(withRoute(`match: { path: ${path} }`, `rewrite: ${value}`));
    expect(snapshotOf(await rewrite('/api/*', '{ stripPrefix: /api/ }')).routes[0]?.rewrite).toEqual({
      kind: 'strip-prefix',
      prefix: '/api',
    });
    expect(
      snapshotOf(await rewrite('/:v/*', '{ replacePrefix: { from: /v1, to: /v2 } }')).routes[0]?.rewrite,
    ).toEqual({
      kind: 'replace-prefix',
      prefix: '/v1',
      replacement: '/v2',
    });
    expect(errorsOf(await rewrite('/users/*', '{ stripPrefix: /api }'))).toEqual([
      expect.stringContaining('rewrite.stripPrefix: never applies'),
    ]);
    expect(errorsOf(await rewrite('/users', '{ stripPrefix: /users/x }'))).toHaveLength(1);
    expect(errorsOf(await rewrite('/*', '{}'))).toEqual([
      expect.stringContaining('either stripPrefix or replacePrefix'),
    ]);
  });

  it('reads upgrades, admin and hosts in each of their forms', async () => {
    const text = `admin: false\n${withRoutes([
      ['match: { path: /a, host: API.example.com }', 'upgrades: false'],
      [
        'match: { path: /b, host: ["*.example.com", a.test], methods: [get], headers: { X-A: true }, query: { v: 2 } }',
        'upgrades: [WebSocket]',
      ],
    ])}`;
    const snapshot = snapshotOf(await workspace.yaml(text));
    expect(snapshot.admin).toBeUndefined();
    expect(snapshot.routes[0]).toMatchObject({ match: { hosts: ['api.example.com'] }, upgrades: [] });
    expect(snapshot.routes[1]).toMatchObject({
      match: {
        hosts: ['*.example.com', 'a.test'],
        methods: ['GET'],
        headers: [{ name: 'x-a', value: undefined }],
        query: [{ name: 'v', value: '2' }],
      },
      upgrades: ['websocket'],
    });
  });

  it('refuses to open a tunnel for h2c: its requests would pass no route and no filter', async () => {
    const text = withRoutes([['match: { path: /* }', 'upgrades: [websocket, H2C]']]);
    expect((await errors(text)).join()).toContain('must not be h2c');
  });

  it('refuses header rules that would break framing, and tells of spellings that collide', async () => {
    const set = (fields: string): string =>
      withRoute('match: { path: /* }', `filters: [{ headers: { response: ${fields} } }]`);
    expect(await errors(set('{ set: { Content-Length: "1" } }'))).toEqual([
      expect.stringContaining('set.Content-Length: name must not be content-length'),
    ]);
    expect(await errors(set('{ append: { connection: x } }'))).toHaveLength(1);
    expect(await errors(set('{ set: { "a b": x } }'))).toHaveLength(1);
    expect(await errors(set('{ set: { x: "a\\r\\nb: c" } }'))).toHaveLength(1);
    expect(await errors(set('{ set: { X-A: "1", x-a: "2" } }'))).toEqual([
      expect.stringContaining('is there twice'),
    ]);
  });

  it('refuses CIDRs that are none', async () => {
    expect(await errors(`trustedProxies: [10.0.0.0/8, 10.0.0.0/99]\n${withRoute()}`)).toEqual([
      'torus.yaml:1: trustedProxies[1]: must have a prefix length from 0 to 32, as in 10.0.0.0/8',
    ]);
  });

  it('warns of an upstream that a redirect never uses', async () => {
    expect(
      warningsOf(
        await workspace.yaml(withRoute('match: { path: /* }', 'filters: [{ redirect: { location: / } }]')),
      ),
    ).toHaveLength(1);
  });
});

describe('formatProblem', () => {
  it('is one line, whatever is in it', () => {
    const problem = { path: 'a', message: 'b\nc', file: 'torus.yaml', line: 3, severity: 'error' } as const;
    expect(formatProblem(problem)).toBe('torus.yaml:3: a: b c');
    expect(formatProblem({ ...problem, file: undefined, line: undefined })).toBe('a: b c');
  });
});
