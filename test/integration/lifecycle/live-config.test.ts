/** The configuration of a running instance: shown, compared, replaced by the admin API and by commands. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  makeTempDir,
  requestHead,
  rawClient,
  runCli,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
} from '../../support/index.js';

const SECRET = 'a-secret-of-the-live-config-test-32';

const configOf = (upstream: string, extra: object = {}): Record<string, unknown> => ({
  workers: 2,
  admin: { address: '127.0.0.1:0' },
  listeners: [{ name: 'web', address: '127.0.0.1:0' }],
  upstreams: { app: { endpoints: [{ url: upstream }] } },
  routes: [{ name: 'a', match: { path: '/a' }, upstream: 'app' }],
  ...extra,
});

const withRoute = (config: Record<string, unknown>, name: string): Record<string, unknown> => ({
  ...config,
  routes: [...(config['routes'] as object[]), { name, match: { path: `/${name}` }, upstream: 'app' }],
});

interface Outcome {
  readonly outcome: string;
  readonly version: number;
  readonly changes: readonly { readonly kind: string; readonly path: string }[];
  readonly needRestart: readonly string[];
  readonly problems: readonly { readonly path: string; readonly message: string; readonly line?: number }[];
}

describe('the configuration of a running instance', () => {
  let upstream: Awaited<ReturnType<typeof startHttpUpstream>>;
  let dir: string;
  let file: string;
  let torus: RunningTorus;
  let config: Record<string, unknown>;

  beforeEach(async () => {
    upstream = await startHttpUpstream();
    dir = makeTempDir('live-config');
    file = path.join(dir, 'torus.yaml');
    config = configOf(upstream.url);
    writeFileSync(file, JSON.stringify(config));
    torus = await startTorus({ args: ['--config', file], cwd: dir });
  });

  afterEach(async () => {
    await torus.stop();
    await upstream.close();
  });

  const statusOf = async (target: string): Promise<number> =>
    (await fetch(`${torus.url('web')}${target}`, { headers: { connection: 'close' } })).status;

  const post = async (body: unknown, query = ''): Promise<{ status: number; result: Outcome }> => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await torus.admin(`/config${query}`, { method: 'POST', body: text });
    return { status: response.status, result: (await response.json()) as Outcome };
  };

  const admin = (): string => `127.0.0.1:${String(torus.adminPort)}`;

  it('is replaced by POST /config in every worker, with a new generation, while tunnels and requests go on', async () => {
    await using before = await rawClient({ port: torus.port('web') });
    await before.send(requestHead('GET /a'));
    expect((await before.response()).status).toBe(200);
    const { status, result } = await post(withRoute(config, 'b'));
    expect({ status, result }).toMatchObject({
      status: 200,
      result: { outcome: 'applied', version: 2, needRestart: [], problems: [] },
    });
    expect(result.changes).toMatchObject([{ kind: 'added', path: 'routes[b]' }]);
    for (let count = 0; count < 8; count += 1) expect(await statusOf('/b')).toBe(200);
    await before.send(requestHead('GET /b'));
    expect((await before.response()).status).toBe(200);
    const shown = (await (await torus.admin('/config')).json()) as Record<string, unknown>;
    expect(shown).toMatchObject({
      version: 2,
      source: 'admin API',
      lastReload: { outcome: 'applied', version: 2 },
    });
    expect((await post(withRoute(config, 'b'))).result).toMatchObject({
      outcome: 'unchanged',
      version: 2,
      changes: [],
    });
  });

  it('stays as it is when another one is bad, which is said with its line', async () => {
    const text =
      'listeners: [{ name: web, address: "127.0.0.1:0" }]\nroutes:\n  - { name: a, match: { path: /a }, upstream: nowhere }\n';
    for (const query of ['', '?dryRun=true']) {
      const { status, result } = await post(text, query);
      expect({ status, result }).toMatchObject({
        status: 400,
        result: {
          outcome: 'rejected',
          version: 1,
          changes: [],
          problems: [{ path: 'routes[0].upstream', line: 3 }],
        },
      });
    }
    expect((await post('routes: [')).status).toBe(400);
    expect((await torus.admin('/config?dryRun=perhaps', { method: 'POST', body: '{}' })).status).toBe(400);
    expect(await statusOf('/a')).toBe(200);
  });

  it('stays as it is when a parameter is misspelt, or a body holds nothing', async () => {
    for (const query of ['?dryrun=true', '?dry_run=true', '?dryRun=true&x=1']) {
      const body = JSON.stringify(withRoute(config, 'b'));
      const response = await torus.admin(`/config${query}`, { method: 'POST', body });
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/^there is no parameter .*; there are dryRun$/m);
    }
    expect((await post(' \n')).result).toMatchObject({ outcome: 'rejected', version: 1 });
    expect(await statusOf('/b')).toBe(404);
  });

  it('is only compared by a dry run', async () => {
    const { status, result } = await post(
      { ...withRoute(config, 'b'), admin: false, limits: { maxConnections: 7 } },
      '?dryRun=true',
    );
    expect({ status, result }).toMatchObject({
      status: 200,
      result: {
        outcome: 'valid',
        version: 1,
        needNewWorkers: ['limits.maxConnections'],
        needRestart: ['admin'],
      },
    });
    expect(await statusOf('/b')).toBe(404);
  });

  it('goes back to the file when the file changes, and not when something else does', async () => {
    await post(withRoute(config, 'posted'));
    expect(await statusOf('/posted')).toBe(200);
    const next = path.join(dir, 'next.yaml');
    writeFileSync(next, JSON.stringify(withRoute(config, 'from-file')));
    renameSync(next, file);
    await until(async () => (await statusOf('/from-file')) === 200);
    await until(async () => (await statusOf('/posted')) === 404);
    const shown = (await (await torus.admin('/config')).json()) as Record<string, unknown>;
    expect(shown['source']).toBe(file);
  });

  it('is read again from its file by SIGHUP and by POST /config without a body', async () => {
    await post(withRoute(config, 'posted'));
    torus.signal('SIGHUP');
    await until(async () => (await statusOf('/posted')) === 404);
    await post(withRoute(config, 'posted'));
    expect((await post('')).result).toMatchObject({
      outcome: 'applied',
      changes: [{ kind: 'removed', path: 'routes[posted]' }],
    });
    expect(await statusOf('/posted')).toBe(404);
  });

  it('survives the crash of a worker also when it was posted', async () => {
    await post(withRoute(config, 'posted'));
    const [first = 0] = torus.workers();
    process.kill(first, 'SIGKILL');
    await torus.waitForLog(/crashed\. Forking a replacement/);
    await until(() => torus.workers().length === 2 && !torus.workers().includes(first));
    await until(async () =>
      (await (await torus.admin('/metrics')).text()).includes('torus_workers{phase="ready"} 2'),
    );
    for (let count = 0; count < 8; count += 1) expect(await statusOf('/posted')).toBe(200);
  });

  it('is shown without secrets', async () => {
    const filters = [{ 'jwt-auth': { secret: SECRET, algorithms: ['HS256'] } }];
    const routes = [{ name: 'a', match: { path: '/a' }, upstream: 'app', filters }];
    const { result } = await post({ ...config, routes });
    expect(result.outcome).toBe('applied');
    expect(await (await torus.admin('/config')).text()).not.toContain(SECRET);
    expect(JSON.stringify(result)).not.toContain(SECRET);
    expect(torus.log.tail(1000)).not.toContain(SECRET);
  });

  it('is compared and replaced by commands', async () => {
    const next = path.join(dir, 'next.yaml');
    writeFileSync(next, JSON.stringify({ ...withRoute(config, 'b'), shutdown: { timeout: '20s' } }));
    const differences = '~ shutdown.timeout: 10s -> 20s\n+ routes[b]:\n+   match.path: /b\n';
    const offline = await runCli(['diff', file, next], { cwd: dir });
    expect(offline).toMatchObject({
      status: 1,
      stderr: '',
      stdout: expect.stringContaining(differences) as string,
    });
    const live = await runCli(['diff', next, '--admin', admin()], { cwd: dir });
    expect(live).toMatchObject({
      status: 1,
      stderr: '',
      stdout: expect.stringContaining(differences) as string,
    });
    expect(await runCli(['diff', '--admin', admin()], { cwd: dir })).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    const applied = await runCli(['apply', next, '--admin', admin()], { cwd: dir });
    expect(applied).toMatchObject({ status: 0, stderr: '' });
    expect(applied.stdout).toContain('Applied: generation 2 is served.');
    expect(await statusOf('/b')).toBe(200);
    expect((await runCli(['apply', next, '--admin', admin()], { cwd: dir })).stdout).toBe(
      'Nothing to do: generation 2 says the same.\n',
    );
  });

  it('is told of two files with the keys that new workers or a restart are needed for', async () => {
    const next = path.join(dir, 'later.yaml');
    writeFileSync(next, JSON.stringify({ ...config, limits: { maxConnections: 77 }, admin: false }));
    const { status, stdout } = await runCli(['diff', file, next], { cwd: dir });
    expect(status).toBe(1);
    expect(stdout).toContain('Replaces the workers, one by one: limits.maxConnections\n');
    expect(stdout).toContain('Only after a restart: admin\n');
  });

  it('is refused by commands with the place of what is wrong', async () => {
    const bad = path.join(dir, 'bad.yaml');
    writeFileSync(bad, 'routes:\n  - { name: a, match: { path: /a }, upstreem: app }\n');
    const problem = /bad\.yaml:2.*upstreem/;
    for (const args of [
      ['diff', file, bad],
      ['diff', bad, '--admin', admin()],
    ]) {
      const { status, stderr } = await runCli(args, { cwd: dir });
      expect([status, stderr]).toEqual([2, expect.stringMatching(problem)]);
    }
    const applied = await runCli(['apply', bad, '--admin', admin()], { cwd: dir });
    expect(applied.status).toBe(1);
    expect(applied.stdout).toContain('Rejected: generation 1 is served as before.');
    writeFileSync(path.join(dir, 'empty.yaml'), '\n');
    for (const command of ['diff', 'apply']) {
      const empty = await runCli([command, 'empty.yaml', '--admin', admin()], { cwd: dir });
      expect(empty).toMatchObject({ status: 2, stdout: '', stderr: 'torus: empty.yaml is empty\n' });
    }
    expect((await runCli(['diff', 'missing.yaml', '--admin', admin()], { cwd: dir })).stderr).toContain(
      'missing.yaml does not exist',
    );
  });
});
