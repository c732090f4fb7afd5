import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { diffSnapshots, loadConfig } from '../../../src/config/index.js';
import type { ConfigSnapshot } from '../../../src/contracts/config.js';

const BASE = {
  listeners: [{ name: 'web', address: '127.0.0.1:8080' }],
  upstreams: {
    app: { endpoints: [{ url: 'http://10.0.0.1:9000' }, { url: 'http://10.0.0.2:9000' }] },
    old: { endpoints: [{ url: 'http://10.0.0.3:9000' }] },
  },
  routes: [
    { name: 'users', match: { path: '/users/*' }, upstream: 'app', timeouts: { request: '30s' } },
    { name: 'old', match: { path: '/old/*' }, upstream: 'old' },
  ],
};

const dir = mkdtempSync(path.join(tmpdir(), 'torus-diff-'));
let files = 0;

const snapshotOf = async (document: object): Promise<ConfigSnapshot> => {
  files += 1;
  const file = path.join(dir, `${String(files)}.yaml`);
  writeFileSync(file, stringify(document));
  const result = await loadConfig({ file, cwd: dir, env: {}, version: files });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.snapshot;
};

const changesTo = async (next: object) => diffSnapshots(await snapshotOf(BASE), await snapshotOf(next));

describe('the difference of two configurations', () => {
  it('is nothing for the same configuration, whatever its version and the order of its keys', async () => {
    const { routes, upstreams, listeners } = structuredClone(BASE);
    expect(await changesTo({ routes, upstreams, listeners })).toEqual([]);
  });

  it('names a changed value by its place, with the units people write', async () => {
    const next = structuredClone(BASE);
    next.routes[0]!.timeouts = { request: '500ms' };
    expect(await changesTo(next)).toEqual([
      { kind: 'changed', path: 'routes[users].timeouts.request', from: '30s', to: '500ms' },
    ]);
  });

  it('says of routes, upstreams and endpoints which came and which went, by name', async () => {
    const next = structuredClone(BASE) as { routes: object[]; upstreams: Record<string, object> };
    next.routes[1] = { name: 'new', match: { path: '/new' }, upstream: 'app' };
    next.upstreams = {
      app: { endpoints: [{ url: 'http://10.0.0.1:9000' }, { url: 'https://10.0.0.9:443' }] },
    };
    const changes = await changesTo(next);
    expect(changes.map(({ kind, path: place }) => `${kind} ${place}`)).toEqual([
      'removed upstreams[app].endpoints[http://10.0.0.2:9000]',
      'added upstreams[app].endpoints[https://10.0.0.9:443]',
      'removed upstreams[old]',
      'removed routes[old]',
      'added routes[new]',
    ]);
    expect(changes.at(-1)?.to).toContain('"path":"/new"');
  });

  it('says when the same things stand in another order', async () => {
    const next = structuredClone(BASE);
    next.routes.reverse();
    expect(await changesTo(next)).toEqual([
      { kind: 'changed', path: 'routes', from: 'users, old', to: 'old, users' },
    ]);
  });

  it('says that a secret changed, and not what it is', async () => {
    const withSecret = (secret: string): object => {
      const next = structuredClone(BASE) as { routes: { filters?: object[] }[] };
      next.routes[0]!.filters = [{ 'jwt-auth': { secret, algorithms: ['HS256'] } }];
      return next;
    };
    const [former, next] = await Promise.all(
      ['a-first-secret-of-32-bytes-or-more', 'another-secret-of-32-bytes-or-more'].map(async (secret) =>
        snapshotOf(withSecret(secret)),
      ),
    );
    const changes = diffSnapshots(former!, next!);
    expect(changes).toEqual([
      {
        ...{ kind: 'changed', path: 'routes[users].filters[jwt-auth].options.key.secret' },
        ...{ from: '[redacted]', to: '[redacted]' },
      },
    ]);
  });

  it('takes apart what came or went, and leaves out the settings that nobody wrote', async () => {
    const next = structuredClone(BASE) as { routes: object[]; upstreams: Record<string, object> };
    const match = {
      path: '/new',
      methods: ['GET'],
      headers: { 'x-a': 'b', 'x-any': true, 'x-api-key': 'hush' },
    };
    next.routes.push({ name: 'new', match, upstream: 'app', retry: { attempts: 2 } });
    next.upstreams['more'] = { endpoints: [{ url: 'http://10.0.0.4:9000', weight: 3 }] };
    const [upstream, route] = await changesTo(next);
    expect(route?.members).toEqual(
      expect.arrayContaining([
        { path: 'match.path', value: '/new' },
        { path: 'match.methods', value: '["GET"]' },
        { path: 'match.headers[x-a].value', value: 'b' },
        { path: 'match.headers[x-any]', value: '' },
        { path: 'match.headers[x-api-key].value', value: '[redacted]' },
        { path: 'upstream', value: 'app' },
        { path: 'retry.attempts', value: '2' },
      ]),
    );
    expect(route?.members?.filter(({ path: place }) => /^(name|timeouts)/.test(place))).toEqual([]);
    expect(upstream?.members).toContainEqual({ path: 'endpoints[http://10.0.0.4:9000].weight', value: '3' });
    expect(upstream?.members?.filter(({ path: place }) => /^(pool|limits|http2)/.test(place))).toEqual([]);
  });

  it('says nothing of what somebody wrote that holds anyway', async () => {
    const next = structuredClone(BASE) as { routes: { retry?: object }[] };
    next.routes[1]!.retry = { attempts: 1 };
    expect(await changesTo(next)).toEqual([]);
  });

  it('looks each of many routes up, and not for each among all: probes wait for it', async () => {
    const count = 500;
    let reads = 0;
    const named = async (prefix: string): Promise<ConfigSnapshot> => {
      const routes = Array.from({ length: count }, (_, at) => ({
        ...{ name: `r${String(at)}`, match: { path: `/${prefix}${String(at)}/*` }, upstream: 'app' },
      }));
      const snapshot = await snapshotOf({ ...BASE, routes });
      const watched = snapshot.routes.map((route) => {
        const { name } = route;
        const get = (): string => ((reads += 1), name);
        return Object.defineProperty({ ...route }, 'name', { get, enumerable: true });
      });
      return { ...snapshot, routes: watched };
    };
    expect(diffSnapshots(await named('a'), await named('b'))).toHaveLength(count);
    expect(reads).toBeLessThan(count * 40);
  });
});
