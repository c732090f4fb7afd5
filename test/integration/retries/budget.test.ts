/** How many retries of an upstream run at once, and what a connection that had gone stale costs. */
import {
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
import { FaultyUpstreams } from './faulty-upstream.js';

const upstreams = new FaultyUpstreams();
let tired: TestUpstream;
let torus: RunningTorus;

/** Requests that reached the upstream whose connections serve one request each. */
const served: string[] = [];

beforeAll(async () => {
  await upstreams.start(1);
  // Serves one request on each connection, and resets it when the next one comes.
  tired = await startScriptedUpstream({
    once: ({ socket, head }) => {
      served.push(head.split(' ')[0] ?? '');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.once('data', () => socket.resetAndDestroy());
    },
    put: async ({ socket, body }) => {
      await body(10);
      served.push('PUT');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
  });
  const [url = ''] = upstreams.urls;
  const retry = { attempts: 1, on: ['5xx'], backoff: { base: '0s', max: '0s' } };
  const upstream = (endpoint: string, budget: object): object => ({
    endpoints: [endpoint],
    retryBudget: budget,
    pool: { maxIdle: 0 },
  });
  const groups: Record<string, object> = {
    // The first tries fail at once; the second ones are held, so that the retries are under way together.
    few: upstream(url, { percent: 0, minConcurrent: 2 }),
    share: upstream(url, { percent: 50, minConcurrent: 0 }),
    nothing: upstream(url, { percent: 0, minConcurrent: 0 }),
    tired: { endpoints: [tired.url], retryBudget: { percent: 0, minConcurrent: 0 } },
  };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: groups,
      routes: Object.keys(groups).map((name) => ({
        name,
        match: { host: `${name}.test`, path: '/*' },
        upstream: name,
        retry,
      })),
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstreams.close(), tired.close()]);
});

const openClients: RawClient[] = [];

afterEach(async () => {
  for (const release of upstreams.held.splice(0)) release();
  await Promise.all(openClients.splice(0).map((client) => client.close()));
});

const send = async (host: string, path: string): Promise<Promise<ReadResponse>> => {
  const client = await rawClient({ port: torus.port() });
  openClients.push(client);
  return client.exchange(`GET ${path} HTTP/1.1\r\nHost: ${host}.test\r\n\r\n`);
};

const retriesOf = (upstream: string): Promise<number> =>
  metricSum(torus, 'torus_upstream_retries_total', { upstream });
const skippedOf = (upstream: string): Promise<number> =>
  metricSum(torus, 'torus_upstream_retries_skipped_total', { upstream, reason: 'budget' });

describe('the budget of an upstream', () => {
  it('lets as many retries run at once as it says; what fails beyond it is answered as it came', async () => {
    const asked: Promise<ReadResponse>[] = [];
    for (let index = 0; index < 2; index += 1)
      void send('few', `/held-later/1/${String(index)}`).then((r) => asked.push(r));
    await until(async () => (await retriesOf('few')) === 2);
    const third = await send('few', '/503/1/third');
    expect(third.status).toBe(503);
    expect(await skippedOf('few')).toBe(1);
    // Its place is free again when a retry has ended.
    for (const release of upstreams.held.splice(0)) release();
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 0);
    expect((await send('few', '/503/1/fourth')).status).toBe(200);
    expect(await retriesOf('few')).toBe(3);
  });

  it('is a share of the requests that run', async () => {
    expect((await send('share', '/503/1/alone')).status).toBe(503);
    expect(await skippedOf('share')).toBe(1);
    // One that runs and one that fails are two: half of them may be tried again.
    void send('share', '/held/1/running');
    await until(() => upstreams.held.length === 1);
    expect((await send('share', '/503/1/accompanied')).status).toBe(200);
    expect(await retriesOf('share')).toBe(1);
  });

  it('of nothing lets nothing be tried again', async () => {
    for (let index = 0; index < 3; index += 1)
      expect((await send('nothing', `/reset/1/${String(index)}`)).status).toBe(502);
    expect(await retriesOf('nothing')).toBe(0);
    expect(await skippedOf('nothing')).toBe(3);
  });
});

describe('a connection that had gone stale', () => {
  const get = 'GET /once HTTP/1.1\r\nHost: tired.test\r\n\r\n';

  it('costs nothing of the budget, which is empty here', async () => {
    await using client = await rawClient({ port: torus.port() });
    for (let round = 0; round < 4; round += 1) expect((await client.exchange(get)).status).toBe(200);
    const labels = { upstream: 'tired', reason: 'stale-connection' };
    expect(await metricSum(torus, 'torus_upstream_retries_total', labels)).toBe(3);
    expect(await skippedOf('tired')).toBe(0);
  });

  it('costs nothing for a streamed PUT either: its body is sent again', async () => {
    await using client = await rawClient({ port: torus.port() });
    served.length = 0;
    expect((await client.exchange(get)).status).toBe(200);
    await client.send('PUT /put HTTP/1.1\r\nHost: tired.test\r\nContent-Length: 10\r\n\r\nhello');
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 1);
    await client.send('world');
    expect((await client.response()).status).toBe(200);
    expect(served.at(-1)).toBe('PUT');
  });
});

it('after all these no exchange and no socket is left', async () => {
  upstreams.resetAll();
  tired.resetAll();
  await whenNothingIsOpen(torus);
});
