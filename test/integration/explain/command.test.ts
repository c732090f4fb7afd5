/** `torus explain`, as a person types it: what it says, what it keeps to itself, and its exit codes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import type { Explanation } from '../../../src/contracts/explanation.js';
import {
  freePort,
  makeTempDir,
  runCli,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
  token,
  until,
  type CliResult,
} from '../../support/index.js';

const ROUTES = [
  {
    name: 'users',
    match: { host: 'api.example.test', path: '/users/*', methods: ['GET', 'POST'] },
    filters: [
      { 'jwt-auth': { secret: TEST_SECRET, algorithms: ['HS256'], claimsToHeaders: { email: 'x-mail' } } },
    ],
    upstream: 'app',
    timeouts: { request: '30s' },
  },
  { name: 'old', match: { path: '/old' }, filters: [{ redirect: { location: 'https://new.test${path}' } }] },
  {
    name: 'keys',
    match: { path: '/keys' },
    filters: [{ 'jwt-auth': { jwksUrl: 'https://issuer.test/keys', algorithms: ['RS256'] } }],
    upstream: 'app',
  },
  { name: 'rest', match: { path: '/*' }, upstream: 'app' },
];

const CONFIG = {
  workers: 1,
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  upstreams: { app: { endpoints: ['http://127.0.0.1:9', 'http://127.0.0.1:10'] } },
  routes: ROUTES.filter(({ name }) => name !== 'keys'),
};

const written = (config: object): string => {
  const cwd = makeTempDir('explain');
  writeFileSync(path.join(cwd, 'torus.yaml'), JSON.stringify(config));
  return cwd;
};

const explain = (cwd: string, ...args: string[]): Promise<CliResult> => runCli(['explain', ...args], { cwd });

const json = async (cwd: string, ...args: string[]): Promise<Explanation> => {
  const { stdout, stderr } = await explain(cwd, ...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Explanation;
};

const firstLine = ({ stdout }: CliResult): string => stdout.split('\n')[0] ?? '';

describe('torus explain, without an instance', () => {
  const cwd = written(CONFIG);
  const url = 'https://api.example.test/users/7';

  it('says first where a request goes, and ends with 0', async () => {
    const asked = await explain(cwd, 'GET', url, '-H', `authorization: Bearer ${token()}`, '-H', 'x-one: 1');
    expect(asked).toMatchObject({ status: 0, stderr: '' });
    expect(firstLine(asked)).toBe('→ route users → upstream app (2 of 2 endpoints available)');
    expect(asked.stdout).toMatch(/✓ +users .* chosen/);
    expect(asked.stdout).toContain('x-one: 1');
    expect(asked.stdout).toMatch(/whole request +30s +routes\.users\.timeouts\.request/);
    expect(asked.stdout).toMatch(/response head +15s +default of routes\.users\.timeouts\.responseHead/);
    expect(asked.stdout).toMatch(/upstream takes nothing +300s +default of routes\.users\.timeouts\.idle/);
  });

  it('ends with 1 for what would be refused, and says why', async () => {
    const refused = await explain(cwd, url);
    expect(refused.status).toBe(1);
    expect(firstLine(refused)).toMatch(
      /^refused: 401 Unauthorized, because filter jwt-auth of route users says/,
    );
    const wrong = await explain(cwd, 'DELETE', 'http://api.example.test/users/7');
    expect(wrong.status).toBe(0);
    expect(wrong.stdout).toMatch(/✗ +users .* methods: wants GET, HEAD, POST, got DELETE/);
  });

  it('ends with 0 for what is answered as configured', async () => {
    const redirect = await explain(cwd, 'http://x.test/old');
    expect(redirect.status).toBe(0);
    expect(firstLine(redirect)).toMatch(
      /^answered: 30\d .* by filter redirect of route old: .*https:\/\/new\.test\/old/,
    );
  });

  it.each([
    [['/users'], 'url needs a scheme and a host: https://host/users'],
    [['api.example.test/users'], 'url needs a scheme: https://api.example.test/users'],
    [['GET'], 'url is missing: write https://host/path'],
    [['ftp://x.test/'], 'url must begin with http:// or https://'],
    [['http://x.test/', '-H', 'nonsense'], 'headers must be "Name: value"'],
    [['http://x.test/', '-H', 'a: b\r\nc: d'], 'header a must be one line'],
    [['http://x.test/', '--client', 'me'], 'client must be an IP address, not me'],
    [['http://x.test/', '--listener', 'edge'], 'there is no listener edge: there is plain'],
    [['CONNECT', 'http://x.test/'], 'url must be host:port for CONNECT'],
  ])('helps whoever types %j', async (args, words) => {
    const { status, stdout, stderr } = await explain(cwd, ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(words);
  });

  it('takes the method in lower case, and after the URL', async () => {
    expect((await json(cwd, 'post', url)).request.method).toBe('POST');
    expect((await json(cwd, url, 'PUT')).request.method).toBe('PUT');
  });

  it('says what becomes of an upgrade that the route does not take, and of one that it does', async () => {
    const asks = (protocol: string): string[] => ['-H', 'connection: upgrade', '-H', `upgrade: ${protocol}`];
    const plain = await explain(cwd, 'http://x.test/', ...asks('chat'));
    expect(plain.stdout).toContain('as plain HTTP: the route takes no upgrade to chat');
    const taken = await json(cwd, 'http://x.test/', ...asks('websocket'));
    expect(taken.forwarded?.upgrade).toBe('websocket');
    expect(taken.forwarded?.fields).toContainEqual(['upgrade', 'websocket']);
  });

  it('shows fields as the text that they are, and no control character', async () => {
    const { stdout } = await explain(cwd, 'http://x.test/', '-H', 'x-name: é 日本', '-H', 'x-odd: a\u009b1m');
    expect(stdout).toContain('x-name: é 日本\n');
    expect(stdout).toContain('x-odd: a\\u009b1m\n');
  });

  it('says what is wrong with a configuration, and ends with 2', async () => {
    const { status, stderr } = await explain(written({ ...CONFIG, rotes: [] }), url);
    expect(status).toBe(2);
    expect(stderr).toMatch(/rotes.*routes/);
  });

  it('never shows tokens, and of claims the names only, unless it is asked for values', async () => {
    const secret = token({ sub: 'alice', email: 'alice@example.test' });
    const args = ['GET', `${url}?access_token=${secret}`, '-H', `authorization: Bearer ${secret}`];
    const cookie = ['-H', `cookie: session=${secret}`];
    for (const form of [[], ['--json']]) {
      const { status, stdout } = await explain(cwd, ...args, ...cookie, ...form);
      expect(status).toBe(0);
      expect(stdout).toContain('email');
      expect(stdout).not.toContain('alice@example.test');
      expect(stdout).not.toContain(secret.slice(0, 30));
    }
    const shown = await explain(cwd, ...args, ...cookie, '--show-values');
    expect(shown.stdout).toContain('alice@example.test');
    expect(shown.stdout).not.toContain(secret.slice(0, 30));
  });

  it('does not need the ports of the configuration, nor its endpoints', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const listeners = [{ name: 'plain', address: `127.0.0.1:${String(port)}` }];
    const asked = await explain(written({ ...CONFIG, listeners }), 'http://x.test/');
    taken.close();
    expect([asked.status, asked.stderr]).toEqual([0, '']);
  });

  it('says what only a running instance can know', async () => {
    const discovery = { dns: { name: 'app.test', port: 80 } };
    const config = written({ ...CONFIG, routes: ROUTES, upstreams: { app: { discovery } } });
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const signed = token({}, privateKey, { algorithm: 'RS256', keyid: 'one' });
    const asked = await explain(config, 'http://x.test/keys', '-H', `authorization: Bearer ${signed}`);
    expect(asked.status).toBe(0);
    expect(firstLine(asked)).toMatch(/^→ route keys → upstream app .*it depends .*jwt-auth: no key .*DNS/);
    expect(asked.stdout).toContain('ask it with --live');
    const foreign = await json(config, 'http://x.test/keys', '-H', `authorization: Bearer ${token()}`);
    expect(foreign.filters[0]).toMatchObject({
      name: 'jwt-auth',
      verdict: 'answers',
      why: expect.stringContaining('its algorithm is not one of RS256'),
    });
  });

  it('tells the nearest of ten thousand routes, and how many there are', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      name: `r${String(index)}`,
      match: { path: `/a/${String(index)}`, methods: ['GET'] },
      upstream: 'app',
    }));
    const large = written({ ...CONFIG, routes: many });
    const { routes, verdict } = await json(large, 'POST', 'http://x.test/a/77');
    expect(verdict).toMatchObject({ outcome: 'refused', status: 405 });
    expect(routes).toMatchObject({ total: 10_000, allow: ['GET', 'HEAD'] });
    expect(routes?.candidates).toHaveLength(20);
    expect(routes?.candidates.find(({ route }) => route === 'r77')?.failed?.predicate).toBe('methods');
  });
});

describe('torus explain, of a running instance', () => {
  it('knows which endpoints may be used, and why others may not', async () => {
    const upstream = await startHttpUpstream((_request, response) => void response.end('ok'));
    const dead = await freePort();
    const admin = await freePort();
    const config = {
      ...CONFIG,
      admin: { address: `127.0.0.1:${String(admin)}` },
      upstreams: {
        app: {
          endpoints: [upstream.url, `http://127.0.0.1:${String(dead)}`],
          panicThreshold: '0%',
          healthCheck: { path: '/', interval: '300ms', unhealthyThreshold: 1 },
        },
      },
    };
    const cwd = written(config);
    await using torus = await startTorus({ config, cwd });
    const ask = (): Promise<Explanation> => json(cwd, 'http://x.test/', '--live');
    const seen = await until(
      async () => {
        const explanation = await ask();
        return explanation.upstreams[0]?.available === 1 ? explanation : undefined;
      },
      10_000,
      'the check to fail',
    );
    expect(seen).toMatchObject({ live: true, answeredBy: { worker: 1, pid: torus.workers()[0] } });
    expect(seen.verdict).toMatchObject({
      outcome: 'forwarded',
      summary: `→ route rest → upstream app (1 of 2 endpoints available) → 127.0.0.1:${String(upstream.port)}`,
      endpoint: `127.0.0.1:${String(upstream.port)}`,
    });
    expect(seen.upstreams[0]?.endpoints[1]).toMatchObject({ available: false, state: 'unhealthy' });
    expect(seen.upstreams[0]?.endpoints[1]?.why).not.toBe('');
    const named = await explain(
      makeTempDir('elsewhere'),
      'http://x.test/',
      '--admin',
      `127.0.0.1:${String(admin)}`,
    );
    expect(named.status).toBe(0);
    expect(named.stdout).toMatch(/✗ +127\.0\.0\.1:\d+ .*unhealthy/);
    await upstream.close();
    const gone = await until(
      async () => {
        const explanation = await ask();
        return explanation.verdict.outcome === 'refused' ? explanation : undefined;
      },
      10_000,
      'the other check to fail',
    );
    expect(gone.verdict).toMatchObject({ status: 503, cause: 'upstream.pick.none-available' });
  });

  it('answers for the configuration that serves, before and after a reload', async () => {
    const admin = await freePort();
    const config = { ...CONFIG, admin: { address: `127.0.0.1:${String(admin)}` } };
    const cwd = written(config);
    await using torus = await startTorus({ args: ['--config', path.join(cwd, 'torus.yaml')], cwd });
    const before = await json(cwd, 'http://x.test/new', '--live');
    expect(before.verdict.route).toBe('rest');
    const route = { name: 'new', match: { path: '/new' }, upstream: 'app' };
    writeFileSync(
      path.join(cwd, 'torus.yaml'),
      JSON.stringify({ ...config, routes: [...config.routes, route] }),
    );
    torus.signal('SIGHUP');
    const after = await until(
      async () => {
        const explanation = await json(cwd, 'http://x.test/new', '--live');
        return explanation.verdict.route === 'new' ? explanation : undefined;
      },
      10_000,
      'the reload',
    );
    expect(after.configVersion).toBeGreaterThan(before.configVersion);
  });

  it('says of an overloaded instance that it sheds the request', async () => {
    const overload = { memory: { limit: '1MiB' } };
    const routes = [
      { name: 'first', match: { path: '/first' }, upstream: 'app', overload: { priority: 'critical' } },
      ...CONFIG.routes,
    ];
    const config = { ...CONFIG, routes, overload, admin: { address: '127.0.0.1:0' } };
    await using torus = await startTorus({ config });
    const ask = async (url: string): Promise<Explanation> =>
      (await (await torus.admin(`/explain?url=${url}`)).json()) as Explanation;
    const shed = await until(
      async () => {
        const explanation = await ask('http://x.test/');
        return explanation.verdict.status === 503 ? explanation : undefined;
      },
      10_000,
      'the last step',
    );
    expect(shed.verdict).toMatchObject({
      outcome: 'refused',
      cause: 'internal.overload.shed',
      route: 'rest',
    });
    expect((await ask('http://x.test/first')).verdict.outcome).toBe('forwarded');
  });

  it('ends with 2 when no instance answers', async () => {
    const port = await freePort();
    const { status, stderr } = await explain(
      written(CONFIG),
      'http://x.test/',
      '--admin',
      `127.0.0.1:${String(port)}`,
    );
    expect(status).toBe(2);
    expect(stderr).toContain('no instance answers');
  });

  it('is a POST or a GET of the admin API, which say what makes no sense', async () => {
    await using torus = await startTorus({ config: { ...CONFIG, admin: { address: '127.0.0.1:0' } } });
    const query = new URLSearchParams({ url: 'http://api.example.test/users/1', method: 'GET' });
    query.append('header', `authorization: Bearer ${token()}`);
    query.append('header', 'x-a: b');
    const got = (await (await torus.admin(`/explain?${query.toString()}`)).json()) as Explanation;
    expect(got.verdict.outcome).toBe('forwarded');
    expect(got.forwarded?.fields).toContainEqual(['x-a', 'b']);
    const post = async (body: string): Promise<readonly [number, string]> => {
      const response = await torus.admin('/explain', { method: 'POST', body });
      return [response.status, await response.text()];
    };
    expect(await post('{')).toEqual([400, expect.stringContaining('the body must be JSON')]);
    expect(await post('[]')).toEqual([400, expect.stringContaining('must be an object')]);
    expect(await post('{"uri":"x"}')).toEqual([400, expect.stringContaining('there is no uri')]);
    expect(await post('{"url":"http://x/","listener":"y"}')).toEqual([
      400,
      'there is no listener y: there is plain\n',
    ]);
    const listed = await post('{"url":"http://x/","headers":{"a":["1","2"],"b":3}}');
    expect((JSON.parse(listed[1]) as Explanation).forwarded?.fields.slice(-3)).toEqual([
      ['a', '1'],
      ['a', '2'],
      ['b', '3'],
    ]);
  });
});

describe('the page of documentation', () => {
  const page = readFileSync(path.resolve(__dirname, '../../../docs/explain.md'), 'utf8');

  it('shows what the program prints', async () => {
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const examples = [...page.matchAll(/```\n\$ torus explain (.*)\n([\s\S]*?)```/g)];
    expect(examples.length).toBeGreaterThanOrEqual(2);
    const cwd = makeTempDir('page');
    writeFileSync(path.join(cwd, 'torus.yaml'), yaml);
    for (const [, words = '', output = ''] of examples) {
      const args = [...words.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
      expect((await explain(cwd, ...args)).stdout).toBe(output);
    }
  });
});
