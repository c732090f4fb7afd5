import { redactSnapshot } from '../../../../src/config/redact-snapshot.js';
import { errorsOf, snapshotOf, warningsOf, Workspace } from '../configuration-fixture.js';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

/** Upstreams a, b and u; `upstream` are the options of u. */
const text = (upstream: string, route = 'upstream: u'): string =>
  [
    'listeners: [{ name: plain, address: "127.0.0.1:0" }]',
    'upstreams:',
    '  a: { endpoints: ["http://127.0.0.1:9001"] }',
    '  b: { endpoints: ["http://127.0.0.1:9002"] }',
    `  u: { endpoints: ["http://127.0.0.1:9000"]${upstream === '' ? '' : `, ${upstream}`} }`,
    'routes:',
    `  - { name: r, match: { path: /* }, ${route} }`,
    '',
  ].join('\n');

const upstream = async (options: string) => {
  const { upstreams } = snapshotOf(await workspace.yaml(text(options)));
  return upstreams.find(({ name }) => name === 'u')!;
};
const route = async (options: string) => snapshotOf(await workspace.yaml(text('', options))).routes[0]!;
const errors = async (options: string, routeOptions?: string): Promise<string[]> =>
  errorsOf(await workspace.yaml(text(options, routeOptions))).map((line) =>
    line.replace(/^torus.yaml:\d+: /, ''),
  );

describe('balancer', () => {
  it.each([
    ['round-robin', { kind: 'round-robin' }],
    ['least-request', { kind: 'least-request' }],
    ['random', { kind: 'random' }],
    ['ewma', { kind: 'peak-ewma', decayMs: 10_000, failurePenaltyMs: 1000 }],
    ['peak-ewma', { kind: 'peak-ewma', decayMs: 10_000, failurePenaltyMs: 1000 }],
    [
      '{ peak-ewma: { decay: 5s, failurePenalty: 2s } }',
      { kind: 'peak-ewma', decayMs: 5000, failurePenaltyMs: 2000 },
    ],
    [
      '{ consistent-hash: { on: { header: X-User } } }',
      { kind: 'consistent-hash', on: { kind: 'header', name: 'x-user' }, loadFactor: 0 },
    ],
    [
      '{ consistent-hash: { on: { cookie: UID }, loadFactor: 1.25 } }',
      { kind: 'consistent-hash', on: { kind: 'cookie', name: 'UID' }, loadFactor: 1.25 },
    ],
    [
      '{ consistent-hash: { on: { query: q } } }',
      { kind: 'consistent-hash', on: { kind: 'query', name: 'q' }, loadFactor: 0 },
    ],
    [
      '{ consistent-hash: { on: client-address } }',
      { kind: 'consistent-hash', on: { kind: 'client-address' }, loadFactor: 0 },
    ],
    ['{ consistent-hash: { on: path } }', { kind: 'consistent-hash', on: { kind: 'path' }, loadFactor: 0 }],
  ])('is read from %s', async (written, config) => {
    expect((await upstream(`balancer: ${written}`)).balancer).toEqual(config);
  });

  it.each([
    [
      'least-requests',
      'upstreams.u.balancer: must be one of least-request, round-robin, random, peak-ewma, or an object such as { consistent-hash: { on: { header: x-user } } }',
    ],
    [
      'consistent-hash',
      'upstreams.u.balancer: needs to be told what to hash, as in { consistent-hash: { on: { header: x-user } } }',
    ],
    [
      '{ consistant-hash: { on: path } }',
      'upstreams.u.balancer.consistant-hash: unknown key (did you mean "consistent-hash"?)',
    ],
    [
      '{ consistent-hash: { on: path, loadfactor: 2 } }',
      'upstreams.u.balancer.consistent-hash.loadfactor: unknown key (did you mean "loadFactor"?)',
    ],
    ['{ consistent-hash: {} }', 'upstreams.u.balancer.consistent-hash.on: is required'],
    [
      '{ consistent-hash: { on: port } }',
      'upstreams.u.balancer.consistent-hash.on: must be { header: … }, { cookie: … }, { query: … }, client-address, path or subject',
    ],
    [
      '{ consistent-hash: { on: { header: a, cookie: b } } }',
      'upstreams.u.balancer.consistent-hash.on: must hold exactly one of header, cookie and query',
    ],
    [
      '{ consistent-hash: { on: path, loadFactor: 0.9 } }',
      'upstreams.u.balancer.consistent-hash.loadFactor: must be a number from 1 to 1000, or false for no bound',
    ],
    [
      '{ peak-ewma: {}, consistent-hash: { on: path } }',
      'upstreams.u.balancer: must hold exactly one balancer that has options, as in `{ consistent-hash: { on: { header: x-user } } }`',
    ],
    ['{ ewma: { decay: 0s } }', 'upstreams.u.balancer.ewma.decay: must be a duration longer than 0'],
  ])('refuses %s', async (written, message) => {
    expect(await errors(`balancer: ${written}`)).toEqual([message]);
  });
});

describe('sticky', () => {
  const defaults = {
    name: 'torus_u',
    ttlMs: 0,
    path: '/',
    domain: undefined,
    httpOnly: true,
    secure: 'auto',
    sameSite: 'lax',
    secret: undefined,
  };

  it('has safe defaults and a name of its own for each upstream', async () => {
    expect((await upstream('sticky: { cookie: {} }')).sticky).toEqual({ cookie: defaults });
    expect((await upstream('sticky: { cookie: lb }')).sticky).toEqual({
      cookie: { ...defaults, name: 'lb' },
    });
    const written = 'name: lb, ttl: 1h, path: /a, httpOnly: false, secure: true, sameSite: None';
    expect((await upstream(`sticky: { cookie: { ${written} } }`)).sticky).toEqual({
      cookie: {
        ...defaults,
        name: 'lb',
        ttlMs: 3_600_000,
        path: '/a',
        httpOnly: false,
        secure: true,
        sameSite: 'none',
      },
    });
  });

  it('does not print its secret', async () => {
    const result = await workspace.yaml(text('sticky: { cookie: { secret: 0123456789abcdef } }'));
    expect(snapshotOf(result).upstreams[2]!.sticky!.cookie.secret).toBe('0123456789abcdef');
    expect(JSON.stringify(redactSnapshot(snapshotOf(result)))).not.toContain('0123456789abcdef');
  });

  it.each([
    ['{ cookie: "a b" }', 'must be a cookie name: no spaces, separators or control characters', ''],
    ['{ cookie: { path: app } }', 'must be a path that begins with /', '.path'],
    ['{ cookie: { path: "/a; Secure" } }', 'must be a path without spaces and semicolons', '.path'],
    ['{ cookie: { sameSite: loose } }', 'must be strict, lax or none', '.sameSite'],
    ['{ cookie: { secret: short } }', 'must have at least 16 characters', '.secret'],
    [
      '{ cookie: { sameSite: none, secure: false } }',
      'must not be false with `sameSite: none`: browsers refuse such a cookie',
      '.secure',
    ],
    ['{ cookie: { maxAge: 1h } }', expect.stringContaining('unknown key'), '.maxAge'],
  ])('refuses %s', async (written, message, place) => {
    const [error = '', ...others] = await errors(`sticky: ${written}`);
    const [path = '', ...words] = error.split(': ');
    expect(others).toEqual([]);
    expect(path).toBe(`upstreams.u.sticky.cookie${place}`);
    expect(words.join(': ')).toEqual(message);
  });
});

describe('slowStart', () => {
  it('is read, with linear growth from a tenth', async () => {
    expect((await upstream('slowStart: { window: 30s }')).slowStart).toEqual({
      windowMs: 30_000,
      aggression: 1,
      minWeight: 0.1,
    });
    const written = 'slowStart: { window: 1m, aggression: 1.5, minWeight: 20% }';
    expect((await upstream(written)).slowStart).toEqual({
      windowMs: 60_000,
      aggression: 1.5,
      minWeight: 0.2,
    });
  });

  it.each([
    ['{}', 'upstreams.u.slowStart.window: is required'],
    ['{ window: 0s }', 'upstreams.u.slowStart.window: must be a duration longer than 0'],
    ['{ window: 1s, aggression: 0 }', 'upstreams.u.slowStart.aggression: must be a number from 0.1 to 10'],
    [
      '{ window: 1s, minWeight: 200% }',
      'upstreams.u.slowStart.minWeight: must be a percentage such as 10% or 0.5%, at most 100%',
    ],
  ])('refuses %s', async (written, message) => {
    expect(await errors(`slowStart: ${written}`)).toEqual([message]);
  });
});

describe('split', () => {
  const targets = [
    { upstream: 'a', weight: 95 },
    { upstream: 'b', weight: 5 },
  ];

  it('is read from a list and from an object of weights', async () => {
    const list = 'upstream: { split: [{ upstream: a, weight: 95 }, { upstream: b, weight: 5 }] }';
    expect(await route(list)).toMatchObject({ upstream: undefined, split: { targets, by: undefined } });
    expect(await route('upstream: { split: { a: 95, b: 5 }, by: { cookie: uid } }')).toMatchObject({
      split: { targets, by: { kind: 'cookie', name: 'uid' } },
    });
    expect(await route('upstream: u')).toMatchObject({ upstream: 'u', split: undefined });
  });

  it.each([
    [
      '{ split: [{ upstream: a, weight: 1 }, { upstream: bb, weight: 1 }] }',
      'routes[0].upstream.split[1].upstream: there is no upstream "bb" (did you mean "b"?)',
    ],
    [
      '{ split: { a: 1, zzzz: 2 } }',
      'routes[0].upstream.split.zzzz: there is no upstream "zzzz" (defined: a, b, u)',
    ],
    [
      '{ split: [{ upstream: a, weight: 1 }, { upstream: a, weight: 1 }] }',
      'routes[0].upstream.split[1]: "a" is taken by routes[0].upstream.split[0]',
    ],
    [
      '{ split: { a: 0, b: 0 } }',
      'routes[0].upstream.split: must have a weight above 0: no request could go anywhere',
    ],
    ['{ split: [] }', 'routes[0].upstream.split: must have at least one entry'],
    ['{ split: { a: -1 } }', 'routes[0].upstream.split.a: must be a whole number from 0 to 1000000'],
    [
      '{ split: [{ upstream: a, weigth: 1 }] }',
      'routes[0].upstream.split[0].weigth: unknown key (did you mean "weight"?)',
    ],
    ['{ by: path }', 'routes[0].upstream.split: is required'],
    ['7', 'routes[0].upstream: must be the name of an upstream, or an object with `split`'],
  ])('refuses %s', async (written, message) => {
    expect(await errors('', `upstream: ${written}`)).toContain(message);
  });

  it('warns where a redirect leaves nothing to split', async () => {
    const filters = 'filters: [{ redirect: { location: "https://example.com/" } }]';
    const result = await workspace.yaml(text('', `${filters}, upstream: { split: { a: 1 } }`));
    expect(warningsOf(result)).toEqual([expect.stringContaining('routes[0].upstream: is never used')]);
  });
});

describe('mirror', () => {
  it('is read, with defaults that bound it', async () => {
    expect((await route('upstream: u, mirror: { upstream: a }')).mirror).toEqual({
      upstream: 'a',
      sample: 1,
      maxBodyBytes: 64 * 1024,
      maxResponseBytes: 1024 * 1024,
      maxInFlight: 64,
      timeoutMs: 5000,
      compare: false,
    });
    const written = 'sample: 10%, maxBody: 1KiB, maxInFlight: 5, timeout: 1s, compare: true';
    expect((await route(`upstream: u, mirror: { upstream: a, ${written} }`)).mirror).toMatchObject({
      sample: 0.1,
      maxBodyBytes: 1024,
      maxInFlight: 5,
      timeoutMs: 1000,
      compare: true,
    });
  });

  it.each([
    ['upstream: u, mirror: { upstream: c }', 'routes[0].mirror.upstream: there is no upstream "c"'],
    [
      'upstream: u, mirror: { upstream: u }',
      'routes[0].mirror.upstream: must not be an upstream of the route itself',
    ],
    [
      'upstream: { split: { a: 1, b: 1 } }, mirror: { upstream: b }',
      'routes[0].mirror.upstream: must not be an upstream of the route itself',
    ],
    [
      'upstream: u, mirror: { upstream: a, sample: 101 }',
      'routes[0].mirror.sample: must be a percentage such as 10%',
    ],
    ['upstream: u, mirror: { upstream: a, maxBodyBytes: 1 }', 'did you mean "maxBody"?'],
    [
      'filters: [{ redirect: { location: "https://e.com/" } }], mirror: { upstream: a }',
      'routes[0].mirror: must not stand here: nothing of this route goes upstream',
    ],
  ])('refuses %s', async (written, message) => {
    expect((await errors('', written)).join('\n')).toContain(message);
  });
});
