/** A second attempt beside a slow one: when it begins, who wins, and that the loser leaves nothing behind. */
import {
  BUSY_MS,
  accessLine,
  metricSum,
  rawClient,
  startTorus,
  until,
  whenNothingIsOpen,
  type LogLine,
  type ReadResponse,
  type RunningTorus,
} from '../../support/index.js';
import { FaultyUpstreams } from './faulty-upstream.js';

const upstreams = new FaultyUpstreams();
let torus: RunningTorus;
let serial = 0;

const AFTER_MS = 300;

beforeAll(async () => {
  await upstreams.start(3);
  const hedge = { after: `${String(AFTER_MS)}ms` };
  const two = { endpoints: upstreams.urls.slice(0, 2), balancer: 'round-robin' };
  const groups: Record<string, object> = {
    two,
    three: { endpoints: upstreams.urls, balancer: 'round-robin' },
    poor: { ...two, retryBudget: { percent: 0, minConcurrent: 0 } },
  };
  const policies: Record<string, object> = {
    two: { hedge, on: ['5xx'] },
    three: { hedge: { ...hedge, max: 2 } },
    poor: { hedge },
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
        timeouts: { responseHead: '3s' },
        retry: policies[name],
      })),
    },
  });
});

afterEach(async () => {
  for (const release of upstreams.held.splice(0)) release();
  upstreams.resetAll();
  await whenNothingIsOpen(torus);
});

afterAll(async () => {
  await torus.stop();
  await upstreams.close();
});

interface Outcome {
  readonly response: ReadResponse;
  readonly line: LogLine;
  readonly tookMs: number;
  readonly ports: readonly number[];
}

const ask = async (host: string, what: string, method = 'GET'): Promise<Outcome> => {
  serial += 1;
  const path = `/${what}/${String(serial)}`;
  await using client = await rawClient({ port: torus.port() });
  const startedAt = performance.now();
  const response = await client.exchange(
    `${method} ${path} HTTP/1.1\r\nHost: ${host}.test\r\nContent-Length: 2\r\n\r\nhi`,
  );
  const tookMs = performance.now() - startedAt;
  const ports = upstreams.triesOf(path).map(({ port }) => port);
  return { response, line: await accessLine(torus, path), tookMs, ports };
};

const hedges = (upstream: string): Promise<number> =>
  metricSum(torus, 'torus_upstream_retries_total', { upstream, reason: 'hedge' });

describe('a request without a response head for long enough', () => {
  it('goes to another endpoint as well, whose answer the client gets', async () => {
    const before = await hedges('two');
    const { response, line, tookMs, ports } = await ask('two', 'hang/1');
    expect([response.status, response.text()]).toEqual([200, 'try 2']);
    expect(new Set(ports).size).toBe(2);
    expect(tookMs).toBeGreaterThan(AFTER_MS - 20);
    expect(tookMs).toBeLessThan(AFTER_MS + BUSY_MS);
    expect(line).toMatchObject({
      attempts: 2,
      cause: 'ok',
      endpoint: `127.0.0.1:${String(ports[1])}`,
      failedAttempts: [{ endpoint: `127.0.0.1:${String(ports[0])}`, cause: 'hedge.lost' }],
    });
    expect(await hedges('two')).toBe(before + 1);
  });

  it('is not sent again when the answer comes in time', async () => {
    const before = await hedges('two');
    const { line } = await ask('two', 'ok/0');
    expect(line).toMatchObject({ attempts: 1 });
    expect(await hedges('two')).toBe(before);
  });

  it('gets the answer of the first endpoint when that is the sooner, and the second is let go of', async () => {
    serial += 1;
    const path = `/held/2/${String(serial)}`;
    await using client = await rawClient({ port: torus.port() });
    await client.send(`GET ${path} HTTP/1.1\r\nHost: two.test\r\n\r\n`);
    await until(() => upstreams.held.length === 2);
    upstreams.held[0]!();
    expect((await client.response()).text()).toBe('held');
    const [first, second] = upstreams.triesOf(path);
    expect(await accessLine(torus, path)).toMatchObject({
      endpoint: `127.0.0.1:${String(first!.port)}`,
      failedAttempts: [{ endpoint: `127.0.0.1:${String(second!.port)}`, cause: 'hedge.lost' }],
    });
    // The loser's connection is closed: its answer would be taken for another one's.
    await until(async () => (await metricSum(torus, 'torus_sockets_open', { side: 'upstream' })) <= 1);
  });

  it('waits for the other when one of two fails', async () => {
    serial += 1;
    const path = `/held/2/${String(serial)}`;
    await using client = await rawClient({ port: torus.port() });
    await client.send(`GET ${path} HTTP/1.1\r\nHost: two.test\r\n\r\n`);
    await until(() => upstreams.held.length === 2);
    const [first] = upstreams.triesOf(path);
    upstreams.servers.find(({ port }) => port === first!.port)!.resetAll();
    await until(async () => (await metricSum(torus, 'torus_sockets_open', { side: 'upstream' })) === 1);
    upstreams.held[1]!();
    expect((await client.response()).text()).toBe('held');
    expect(await accessLine(torus, path)).toMatchObject({
      attempts: 2,
      cause: 'ok',
      failedAttempts: [{ endpoint: `127.0.0.1:${String(first!.port)}`, cause: 'upstream.head.reset' }],
    });
  });

  it('goes to as many as `max` says, each another endpoint', async () => {
    const { response, ports, line } = await ask('three', 'hang/2');
    expect(response.text()).toBe('try 3');
    expect(new Set(ports).size).toBe(3);
    expect(line).toMatchObject({ attempts: 3 });
  });

  it('ends with the cause of the last when all of them fail', async () => {
    const { response, line } = await ask('three', 'hang/9');
    expect(response.status).toBe(504);
    expect(line).toMatchObject({ attempts: 3, cause: 'upstream.head.timeout' });
  });

  it('is sent once when its method is not idempotent', async () => {
    const { response, ports } = await ask('two', 'hang/1', 'POST');
    expect(response.status).toBe(504);
    expect(ports).toHaveLength(1);
  });

  it('is sent once when the budget has nothing left', async () => {
    const { ports } = await ask('poor', 'hang/1');
    expect(ports).toHaveLength(1);
    const labels = { upstream: 'poor', reason: 'budget' };
    expect(await metricSum(torus, 'torus_upstream_retries_skipped_total', labels)).toBe(1);
  });

  it('takes both back when the client leaves', async () => {
    await using client = await rawClient({ port: torus.port() });
    await client.send('GET /held/2/leaver HTTP/1.1\r\nHost: two.test\r\n\r\n');
    await until(() => upstreams.held.length === 2);
    client.reset();
    await whenNothingIsOpen(torus);
    expect(await accessLine(torus, '/held/2/leaver')).toMatchObject({ cause: 'downstream.wait.aborted' });
  });
});
