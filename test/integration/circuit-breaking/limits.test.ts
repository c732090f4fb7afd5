/** How many requests and connections an upstream gets at once, who waits for a place, and who is sent away. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  BUSY_MS,
  accessLine,
  metricSum,
  rawClient,
  startScriptedUpstream,
  startTorus,
  until,
  whenNothingIsOpen,
  type RawClient,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

interface Held {
  readonly path: string;
  readonly port: number;
  open(): void;
}

/** Requests that are being served, in the order they came. */
let held: Held[] = [];
const upstreams: TestUpstream[] = [];
let torus: RunningTorus;

const startHolding = async (): Promise<void> => {
  const server: TestUpstream = await startScriptedUpstream({
    hold: ({ socket, path, next }) => {
      const open = (): void => {
        next();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      };
      held.push({ path, port: server.port, open });
    },
    stream: ({ socket, path, next }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
      const open = (): void => {
        next();
        socket.write('0\r\n\r\n');
      };
      held.push({ path, port: server.port, open });
    },
    reset: ({ socket }) => void socket.resetAndDestroy(),
  });
  upstreams.push(server);
};

const LIMITS: Readonly<Record<string, object>> = {
  none: { limits: { maxRequests: 2, maxPending: 0 } },
  queue: { limits: { maxRequests: 2, maxPending: 2, pendingTimeout: '400ms' } },
  long: { limits: { maxRequests: 1, maxPending: 10, pendingTimeout: '10s' } },
  endpoint: { pool: { maxRequests: 1 }, limits: { maxPending: 1, pendingTimeout: '300ms' } },
  connections: { limits: { maxConnections: 2 }, pool: { pendingTimeout: '400ms', maxPending: 2 } },
};

beforeAll(async () => {
  await startHolding();
  await startHolding();
  const endpoints = upstreams.map(({ url }) => url);
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: Object.fromEntries(
        Object.entries(LIMITS).map(([name, rest]) => [name, { endpoints, balancer: 'round-robin', ...rest }]),
      ),
      routes: Object.keys(LIMITS).map((name) => ({
        name,
        match: { host: `${name}.test`, path: '/*' },
        upstream: name,
        retry: { on: ['5xx'] },
      })),
    },
  });
});

const clients: RawClient[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  held = [];
  for (const upstream of upstreams) upstream.resetAll();
  await whenNothingIsOpen(torus);
  expect(await metricSum(torus, 'torus_upstream_pending')).toBe(0);
});

afterAll(async () => {
  await torus.stop();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

const send = async (host: string, path: string): Promise<RawClient> => {
  const client = await rawClient({ port: torus.port() });
  clients.push(client);
  await client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}.test\r\n\r\n`);
  return client;
};

const ask = async (host: string, path: string): Promise<ReadResponse> => (await send(host, path)).response();

/** That many that run. */
const fill = async (host: string, count: number): Promise<RawClient[]> => {
  const running: RawClient[] = [];
  for (let index = 0; index < count; index += 1) {
    running.push(await send(host, `/hold/${String(index)}`));
    await until(() => held.length === index + 1);
  }
  return running;
};

const pending = (upstream: string): Promise<number> =>
  metricSum(torus, 'torus_upstream_pending', { upstream });
const overflows = (upstream: string, reason: string): Promise<number> =>
  metricSum(torus, 'torus_upstream_overflow_total', { upstream, reason });

const expectRefused = (response: ReadResponse, cause: string): void => {
  expect([response.status, response.field('retry-after')]).toEqual([503, '1']);
  expect(response.field('content-type')).toBe('application/problem+json');
  expect(JSON.parse(response.text())).toMatchObject({ status: 503, cause });
};

describe('more requests than may run', () => {
  it('are answered 503 at once where nobody may wait, tried once only, and counted', async () => {
    await fill('none', 2);
    const before = await overflows('none', 'requests');
    expectRefused(await ask('none', '/hold/over'), 'upstream.limit.exceeded');
    expect(await accessLine(torus, '/hold/over')).toMatchObject({
      status: 503,
      cause: 'upstream.limit.exceeded',
      attempts: 1,
    });
    expect(await overflows('none', 'requests')).toBe(before + 1);
    expect(held).toHaveLength(2);
    held[0]!.open();
    await clients[0]!.response();
    await send('none', '/hold/again');
    await until(() => held.length === 3);
  });

  it('wait in the order they came, and run as places become free', async () => {
    await fill('long', 1);
    const waiting: RawClient[] = [];
    for (const name of ['a', 'b', 'c']) {
      waiting.push(await send('long', `/hold/${name}`));
      await until(async () => (await pending('long')) === waiting.length);
    }
    for (let served = 1; served <= 3; served += 1) {
      held[served - 1]!.open();
      await until(() => held.length === served + 1);
    }
    held[3]!.open();
    expect(held.slice(1).map(({ path }) => path)).toEqual(['/hold/a', '/hold/b', '/hold/c']);
    for (const client of waiting) expect((await client.response()).status).toBe(200);
  });

  it('beyond the queue are answered 503 at once; those in it when their time is up', async () => {
    await fill('queue', 2);
    const startedAt = performance.now();
    const waiting = [await send('queue', '/hold/third'), await send('queue', '/hold/fourth')];
    await until(async () => (await pending('queue')) === 2);
    expectRefused(await ask('queue', '/hold/fifth'), 'upstream.queue.full');
    for (const client of waiting) expectRefused(await client.response(), 'upstream.queue.timeout');
    expect(performance.now() - startedAt).toBeGreaterThan(380);
    expect(performance.now() - startedAt).toBeLessThan(400 + BUSY_MS);
    expect(await overflows('queue', 'queue-full')).toBe(1);
    expect(await overflows('queue', 'queue-timeout')).toBe(2);
    expect(held).toHaveLength(2);
  });

  it('of which one leaves while it waits: its place in the queue is free at once', async () => {
    await fill('long', 1);
    const leaver = await send('long', '/hold/leaver');
    await until(async () => (await pending('long')) === 1);
    const next = await send('long', '/hold/next');
    await until(async () => (await pending('long')) === 2);
    leaver.reset();
    await until(async () => (await pending('long')) === 1);
    held[0]!.open();
    await until(() => held.length === 2);
    expect(held[1]!.path).toBe('/hold/next');
    held[1]!.open();
    expect((await next.response()).status).toBe(200);
  });

  it('get the place of one that ends in any way: answered, reset by its endpoint, left by its client', async () => {
    for (let round = 0; round < 6; round += 1) expect((await ask('none', '/reset')).status).toBe(502);
    for (let round = 0; round < 6; round += 1) {
      held = [];
      const client = await send('none', '/hold/leaver');
      await until(() => held.length === 1);
      client.reset();
      await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 0);
    }
    held = [];
    await fill('none', 2);
  });

  it('count while their response is still under way', async () => {
    const streaming = await send('none', '/stream/1');
    await streaming.readUntil('ok');
    await send('none', '/hold/2');
    await until(() => held.length === 2);
    expectRefused(await ask('none', '/hold/3'), 'upstream.limit.exceeded');
    held[0]!.open();
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 1);
    await send('none', '/hold/4');
    await until(() => held.length === 3);
  });
});

describe('more requests than an endpoint may have', () => {
  it('go to another one, and wait when none has room', async () => {
    await fill('endpoint', 2);
    expect(new Set(held.map(({ port }) => port)).size).toBe(2);
    const third = await send('endpoint', '/hold/third');
    await until(async () => (await pending('endpoint')) === 1);
    expectRefused(await ask('endpoint', '/hold/fourth'), 'upstream.queue.full');
    held[1]!.open();
    await until(() => held.length === 3);
    expect(held[2]!.port).toBe(held[1]!.port);
    held[2]!.open();
    expect((await third.response()).status).toBe(200);
  });
});

describe('more connections than the upstream may have', () => {
  it('are not opened: requests wait, in the order they came, on whichever endpoint', async () => {
    await fill('connections', 2);
    const third = await send('connections', '/hold/third');
    await until(async () => (await pending('connections')) === 1);
    await delay(20);
    const fourth = await send('connections', '/hold/fourth');
    await until(async () => (await pending('connections')) === 2);
    expect(upstreams[0]!.openSockets + upstreams[1]!.openSockets).toBe(2);
    held[1]!.open();
    await until(() => held.length === 3);
    expect(held[2]!.path).toBe('/hold/third');
    held[0]!.open();
    await until(() => held.length === 4);
    for (const { open } of held.slice(2)) open();
    for (const client of [third, fourth]) expect((await client.response()).status).toBe(200);
  });

  it('are not kept idle when another endpoint needs the place', async () => {
    await fill('connections', 2);
    for (const { open } of held) open();
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 0);
    held = [];
    // Both idle connections are there; three in a row go to the endpoints in turn, two of them to the same one at once.
    await fill('connections', 2);
    expect(upstreams[0]!.openSockets + upstreams[1]!.openSockets).toBe(2);
    held[0]!.open();
    await clients[2]!.response();
    // Its idle connection gives way when the other endpoint is to serve two.
    await send('connections', '/hold/a');
    await until(() => held.length === 3);
    expect(upstreams[0]!.openSockets + upstreams[1]!.openSockets).toBeLessThanOrEqual(2);
  });

  it('let requests wait no longer than the pool allows', async () => {
    await fill('connections', 2);
    expectRefused(await ask('connections', '/hold/late'), 'upstream.queue.timeout');
  });
});
