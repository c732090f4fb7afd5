/** The same key goes to the same endpoint: on every worker, after a restart, while others come and go; hot keys spill over. */
import type { ServerResponse } from 'node:http';
import { startTorus, until, type RunningTorus } from '../../support/index.js';
import {
  ADMIN,
  ask,
  askEveryWorker,
  askMany,
  LISTENER,
  startNamed,
  type NamedUpstream,
} from './balancing-fixture.js';

const held: ServerResponse[] = [];
let servers: NamedUpstream[];
let torus: RunningTorus;

const configFor = (endpoints: readonly string[]) => ({
  ...LISTENER,
  ...ADMIN,
  workers: 2,
  upstreams: {
    header: { endpoints, balancer: { 'consistent-hash': { on: { header: 'x-user' } } } },
    cookie: { endpoints, balancer: { 'consistent-hash': { on: { cookie: 'uid' } } } },
    query: { endpoints, balancer: { 'consistent-hash': { on: { query: 'tenant' } } } },
    path: { endpoints, balancer: { 'consistent-hash': { on: 'path' } } },
    address: { endpoints, balancer: { 'consistent-hash': { on: 'client-address' } } },
    bounded: { endpoints, balancer: { 'consistent-hash': { on: { header: 'x-user' }, loadFactor: 1.25 } } },
  },
  routes: ['header', 'cookie', 'query', 'path', 'address', 'bounded'].map((name) => ({
    name,
    match: { path: `/${name}/*` },
    upstream: name,
  })),
});

const urls = (): string[] => servers.map(({ url }) => url);
const user = (name: string) => ({ headers: { 'x-user': name } });
const USERS = Array.from({ length: 40 }, (_, index) => `user-${String(index)}`);
const placesOf = (at: RunningTorus, path = '/header/places'): Promise<string[]> =>
  askMany(at, path, USERS.length, (index) => user(USERS[index]!));

beforeAll(async () => {
  servers = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) =>
      startNamed(name, (request, response) => {
        if (request.url === '/bounded/hold') held.push(response);
        else response.end(name);
      }),
    ),
  );
  torus = await startTorus({ config: configFor(urls()) });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all(servers.map((server) => server.close()));
});

describe('consistent-hash', () => {
  it('sends a key to the same endpoint on every worker', async () => {
    const bodies = await askEveryWorker(torus, '/header/one', user('ada'));
    expect(new Set(bodies).size).toBe(1);
  });

  it.each([
    ['a cookie', '/cookie/', (key: string) => ({ headers: { cookie: `a=b; uid=${key}` } })],
    ['a query parameter', '/query/', undefined],
    ['the path, whatever the query', '/path/', undefined],
  ])('recognises requests by %s', async (_what, prefix, question) => {
    const places = new Set<string>();
    for (let key = 0; key < 12; key += 1) {
      const path = { '/query/': `?x=1&tenant=t${String(key)}`, '/path/': `p${String(key)}?` }[prefix] ?? '';
      const bodies = await askMany(torus, `${prefix}${path}`, 4, () => question?.(`u${String(key)}`) ?? {});
      expect(new Set(bodies).size).toBe(1);
      places.add(bodies[0]!);
    }
    expect(places.size).toBeGreaterThan(1);
  });

  it('recognises a client by its address', async () => {
    const bodies = await askEveryWorker(torus, '/address/');
    expect(new Set(bodies).size).toBe(1);
  });

  it('spreads keys over all endpoints, and requests without a key too', async () => {
    expect(new Set(await placesOf(torus)).size).toBe(4);
    expect(new Set(await askMany(torus, '/header/none', 80)).size).toBe(4);
  });

  it('keeps every key where it was over a restart, and with the endpoints in another order', async () => {
    const before = await placesOf(torus);
    await using again = await startTorus({ config: configFor(urls().reverse()) });
    expect(await placesOf(again)).toEqual(before);
  });

  it('moves only the keys of an endpoint that is gone', async () => {
    const before = await placesOf(torus);
    const [gone] = servers;
    await using without = await startTorus({ config: configFor(urls().slice(1)) });
    const after = await placesOf(without);
    for (const [index, place] of before.entries()) {
      if (place === gone!.name) expect(after[index]).not.toBe(place);
      else expect(after[index]).toBe(place);
    }
  });

  it('lets a hot key spill over to another endpoint only beyond the load factor', async () => {
    await using one = await startTorus({ config: { ...configFor(urls()), workers: 1 } });
    const first = (await ask(one, '/bounded/', user('hot'))).body;
    const before = servers.map(({ hits }) => hits);
    const answers = Array.from({ length: 16 }, () => ask(one, '/bounded/hold', user('hot')));
    await until(() => held.length === 16, 5000, '16 requests to be held');
    const running = servers.map(({ hits }, index) => hits - before[index]!);
    // ceil(1.25 * 16 / 4) for each at the most, and the key's own endpoint is full.
    expect(Math.max(...running)).toBe(5);
    expect(running[servers.findIndex(({ name }) => name === first)]).toBe(5);
    for (const response of held.splice(0)) response.end();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(16).fill(200));
    expect((await ask(one, '/bounded/', user('hot'))).body).toBe(first);
  });

  it('tries another endpoint when the one of the key cannot be reached', async () => {
    const dead = await startNamed('dead');
    const config = configFor([dead.url, ...urls()]);
    await using partly = await startTorus({ config });
    const before = await placesOf(partly);
    expect(before).toContain('dead');
    await dead.refuse();
    const after: string[] = [];
    // One at a time: the budget for retries is small while little runs.
    for (const name of USERS) after.push((await ask(partly, '/header/places', user(name))).body);
    for (const [index, place] of before.entries()) {
      if (place === 'dead') expect(servers.map(({ name }) => name)).toContain(after[index]);
      else expect(after[index]).toBe(place);
    }
  });
});
