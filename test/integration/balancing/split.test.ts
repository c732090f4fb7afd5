/** Requests of a route divided between upstreams: by weight, by key, and by a header through routes. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir, metricSum, removeTempDir, startTorus, type RunningTorus } from '../../support/index.js';
import { ENTRY } from '../../support/start-torus.js';
import {
  ADMIN,
  ask,
  askEveryWorker,
  askMany,
  countOf,
  fiveSigma,
  LISTENER,
  startNamed,
  type NamedUpstream,
} from './balancing-fixture.js';

let servers: NamedUpstream[];
let torus: RunningTorus;

const config = (upstreams: object) => ({
  ...LISTENER,
  ...ADMIN,
  workers: 2,
  upstreams,
  routes: [
    {
      name: 'weights',
      match: { path: '/weights' },
      upstream: {
        split: [
          { upstream: 'stable', weight: 80 },
          { upstream: 'canary', weight: 20 },
        ],
      },
    },
    { name: 'off', match: { path: '/off' }, upstream: { split: { stable: 1, canary: 0 } } },
    {
      name: 'users',
      match: { path: '/users/*' },
      upstream: { split: { stable: 50, canary: 50 }, by: { header: 'x-user' } },
    },
    {
      name: 'visitors',
      match: { path: '/visitors' },
      upstream: { split: { stable: 1, canary: 1 }, by: 'client-address' },
    },
    { name: 'dead', match: { path: '/dead' }, upstream: { split: { gone: 1 } } },
    { name: 'by-header', match: { path: '/recipe/*', headers: { 'x-canary': 'true' } }, upstream: 'canary' },
    { name: 'recipe', match: { path: '/recipe/*' }, upstream: { split: { stable: 100, canary: 0 } } },
  ],
});

beforeAll(async () => {
  servers = await Promise.all([startNamed('stable'), startNamed('canary'), startNamed('gone')]);
  const [stable, canary, gone] = servers;
  const upstreams = {
    stable: { endpoints: [stable!.url] },
    canary: { endpoints: [canary!.url] },
    gone: { endpoints: [gone!.url] },
  };
  await gone!.refuse();
  torus = await startTorus({ config: config(upstreams) });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all(servers.map((server) => server.close()));
});

describe('a split', () => {
  it('divides requests by weight, and counts what it chose', async () => {
    const bodies = await askMany(torus, '/weights', 1000);
    const canaries = countOf(bodies, 'canary');
    expect(canaries + countOf(bodies, 'stable')).toBe(1000);
    expect(Math.abs(canaries - 200)).toBeLessThan(fiveSigma(1000, 0.2));
    const counted = (upstream: string): Promise<number> =>
      metricSum(torus, 'torus_split_requests_total', { route: 'weights', upstream });
    expect(await counted('canary')).toBe(canaries);
    expect(await counted('stable')).toBe(1000 - canaries);
  });

  it('names the upstream it chose in the access log', async () => {
    const { body } = await ask(torus, '/users/logged', { headers: { 'x-user': 'ada' } });
    const line = await torus.waitForLog((one) => one['path'] === '/users/logged');
    expect(line).toMatchObject({ route: 'users', upstream: body, status: 200, cause: 'ok' });
  });

  it('sends nothing to a weight of 0', async () => {
    expect(countOf(await askMany(torus, '/off', 200), 'stable')).toBe(200);
  });

  it('keeps a user on one side, on every worker, and the users of both sides apart by weight', async () => {
    const bodies = await askEveryWorker(torus, '/users/one', { headers: { 'x-user': 'ada' } });
    expect(new Set(bodies).size).toBe(1);
    const sides = await askMany(torus, '/users/', 400, (user) => ({
      headers: { 'x-user': `user-${String(user)}` },
    }));
    expect(Math.abs(countOf(sides, 'canary') - 200)).toBeLessThan(fiveSigma(400, 0.5));
  });

  it('divides requests without the key by chance', async () => {
    expect(new Set(await askMany(torus, '/users/', 60)).size).toBe(2);
  });

  it('keeps a client on one side by its address', async () => {
    expect(new Set(await askMany(torus, '/visitors', 40)).size).toBe(1);
  });

  it('does not go to the other side when the chosen one fails', async () => {
    const answer = await ask(torus, '/dead');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ cause: 'upstream.connect.refused' });
    const line = await torus.waitForLog((one) => one['path'] === '/dead');
    expect(line).toMatchObject({ upstream: 'gone' });
  });

  it('sends those who ask for it by a header to the canary (recipe), and nobody else', async () => {
    const asked = await askMany(torus, '/recipe/x', 40, () => ({ headers: { 'x-canary': 'true' } }));
    expect(countOf(asked, 'canary')).toBe(40);
    for (const headers of [{}, { 'x-canary': 'false' }, { 'x-canary': '' }])
      expect(countOf(await askMany(torus, '/recipe/x', 40, () => ({ headers })), 'stable')).toBe(40);
  });

  it('moves users only to the side whose weight grows when it is reloaded', async () => {
    const dir = makeTempDir('split');
    const [stable, canary] = servers;
    const write = (weights: object): void => {
      const upstreams = { stable: { endpoints: [stable!.url] }, canary: { endpoints: [canary!.url] } };
      const by = { cookie: 'uid' };
      const routes = [{ name: 'r', match: { path: '/*' }, upstream: { split: weights, by } }];
      const document = { ...LISTENER, ...ADMIN, workers: 2, upstreams, routes };
      writeFileSync(path.join(dir, 'torus.yaml'), JSON.stringify(document));
    };
    write({ stable: 90, canary: 10 });
    await using at = await startTorus({ cwd: dir });
    const sides = (): Promise<string[]> =>
      askMany(at, '/', 200, (user) => ({ headers: { cookie: `uid=${String(user)}` } }));
    const before = await sides();
    write({ stable: 60, canary: 40 });
    at.signal('SIGHUP');
    await at.waitForLog('Configuration applied');
    const after = await sides();
    const moved = after.filter((side, user) => side !== before[user]);
    expect(moved.length).toBeGreaterThan(20);
    expect(new Set(moved)).toEqual(new Set(['canary']));
  });

  it('does not start with an upstream that is not defined, and says where', () => {
    const dir = makeTempDir('split');
    const file = path.join(dir, 'torus.json');
    const document = {
      ...LISTENER,
      upstreams: { stable: { endpoints: ['http://127.0.0.1:9'] } },
      routes: [{ name: 'r', match: { path: '/*' }, upstream: { split: { stable: 95, stabel: 5 } } }],
    };
    writeFileSync(file, JSON.stringify(document));
    const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, 'check', '--config', file], {
      encoding: 'utf8',
    });
    removeTempDir(dir);
    expect(status).not.toBe(0);
    expect(stdout + stderr).toContain(
      'routes[0].upstream.split.stabel: there is no upstream "stabel" (did you mean "stable"?)',
    );
  });
});
