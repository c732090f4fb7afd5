/** Each time that an upstream may take too long has a limit and a cause of its own; and the upstream is told what is left. */
import {
  BUSY_MS,
  accessLine,
  rawClient,
  startBlackHole,
  startTorus,
  startUpstream,
  until,
  whenNothingIsOpen,
  type BlackHole,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { FaultyUpstreams } from './faulty-upstream.js';

const upstreams = new FaultyUpstreams();
let hole: BlackHole;
let silent: TestUpstream;
let torus: RunningTorus;
let serial = 0;

const LIMIT_MS = 300;
const limit = `${String(LIMIT_MS)}ms`;

beforeAll(async () => {
  await upstreams.start(1);
  hole = await startBlackHole();
  silent = await startUpstream((socket) => socket.on('end', () => socket.end()).resume());
  const [url = ''] = upstreams.urls;
  const groups: Record<string, object> = {
    connect: { endpoints: [hole.url], timeouts: { connect: limit } },
    tls: { endpoints: [`https://127.0.0.1:${String(silent.port)}`], timeouts: { connect: limit } },
    plain: { endpoints: [url] },
    queue: { endpoints: [url], pool: { maxConnections: 1, pendingTimeout: limit } },
  };
  const route = (name: string, upstream: string, rest: object = {}): object => ({
    name,
    match: { host: `${name}.test`, path: '/*' },
    upstream,
    retry: false,
    ...rest,
  });
  const header = { deadlineHeader: 'x-request-timeout-ms' };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      trustedProxies: ['127.0.0.2'],
      upstreams: groups,
      routes: [
        route('connect', 'connect'),
        route('tls', 'tls'),
        route('queue', 'queue'),
        route('head', 'plain', { timeouts: { responseHead: limit } }),
        route('idle', 'plain', { timeouts: { idle: limit } }),
        route('total', 'plain', { timeouts: { request: limit } }),
        route('attempt', 'plain', { retry: { perTryTimeout: limit } }),
        route('told', 'plain', { timeouts: { request: '10s', ...header }, retry: { on: ['5xx'] } }),
        route('told-less', 'plain', {
          timeouts: { request: '10s', ...header },
          retry: { perTryTimeout: '2s' },
        }),
        route('told-claim', 'plain', { timeouts: header }),
        route('untold', 'plain', { timeouts: { request: '10s' } }),
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstreams.close(), silent.close(), hole.close()]);
});

const ask = async (
  host: string,
  what: string,
  { fields = '', localAddress }: { fields?: string; localAddress?: string } = {},
): Promise<{ response: ReadResponse; path: string; tookMs: number }> => {
  serial += 1;
  const path = `/${what}/${String(serial)}`;
  await using client = await rawClient({ port: torus.port(), ...(localAddress ? { localAddress } : {}) });
  const startedAt = performance.now();
  const response = await client.exchange(`GET ${path} HTTP/1.1\r\nHost: ${host}.test\r\n${fields}\r\n`);
  return { response, path, tookMs: performance.now() - startedAt };
};

describe('a limit of its own', () => {
  it.each([
    ['for the TCP connection', 'connect', 'upstream.connect.timeout', 1],
    ['for the TLS handshake', 'tls', 'upstream.tls.timeout', 1],
    ['for the response head', 'head', 'upstream.head.timeout', 1],
    ['for the exchange', 'total', 'upstream.exchange.timeout', 1],
    ['for each attempt', 'attempt', 'upstream.attempt.timeout', 2],
  ])('%s (%s): 504 and a cause of its own', async (...[, host, cause, attempts]) => {
    const status = 504;
    const { response, path, tookMs } = await ask(host, 'hang/9');
    expect(response.status).toBe(status);
    expect(response.field('content-type')).toBe('application/problem+json');
    expect(JSON.parse(response.text())).toMatchObject({ status, cause });
    expect(await accessLine(torus, path)).toMatchObject({ status, cause, attempts });
    expect(tookMs).toBeGreaterThan(LIMIT_MS * attempts - 20);
    expect(tookMs).toBeLessThan(LIMIT_MS * attempts + BUSY_MS);
  });

  it('for the wait for a connection: 503 with Retry-After', async () => {
    await using holder = await rawClient({ port: torus.port() });
    await holder.send('GET /held/1/holder HTTP/1.1\r\nHost: queue.test\r\n\r\n');
    await until(() => upstreams.held.length === 1);
    const { response, path, tookMs } = await ask('queue', 'ok/0');
    expect([response.status, response.field('retry-after')]).toEqual([503, '1']);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.queue.timeout' });
    expect(await accessLine(torus, path)).toMatchObject({ status: 503, cause: 'upstream.queue.timeout' });
    expect(tookMs).toBeGreaterThan(LIMIT_MS - 20);
    for (const release of upstreams.held.splice(0)) release();
    expect((await holder.response()).status).toBe(200);
  });

  it('for silence inside the response: the connection breaks', async () => {
    const { response, path } = await ask('idle', 'silent-body/1');
    expect([response.status, response.text()]).toEqual([200, 'half of it']);
    expect(response.end).not.toBe('complete');
    expect(await accessLine(torus, path)).toMatchObject({ status: 200, cause: 'upstream.body.timeout' });
  });
});

describe('the time that is left', () => {
  const told = (path: string): (string | undefined)[] =>
    upstreams.triesOf(path).map(({ headers }) => headers['x-request-timeout-ms'] as string | undefined);

  it('is told to the upstream at each attempt, less what has gone by', async () => {
    const { path } = await ask('told', 'patient-503/1');
    const [first, second] = told(path).map(Number);
    expect(first).toBeGreaterThan(9_000);
    expect(first).toBeLessThanOrEqual(10_000);
    expect(first! - second!).toBeGreaterThan(900);
    expect(first! - second!).toBeLessThan(1_000 + BUSY_MS);
  });

  it('is that of the attempt where that is less', async () => {
    const { path } = await ask('told-less', 'ok/0');
    expect(told(path)).toEqual(['2000']);
  });

  it('is not what a client says of it', async () => {
    const fields = 'X-Request-Timeout-Ms: 77\r\n';
    const [told1, claimed, passed] = [
      await ask('told', 'ok/0', { fields }),
      await ask('told-claim', 'ok/0', { fields }),
      await ask('untold', 'ok/0', { fields }),
    ].map(({ path }) => told(path));
    expect(Number(told1![0])).toBeGreaterThan(9_000);
    expect(claimed).toEqual([undefined]);
    // A field like any other where the route gives it no meaning.
    expect(passed).toEqual(['77']);
  });

  it('is what a trusted proxy says of it, where that is less', async () => {
    const trusted = { localAddress: '127.0.0.2' };
    const lower = await ask('told', 'ok/0', { fields: 'X-Request-Timeout-Ms: 5000\r\n', ...trusted });
    expect(Number(told(lower.path)[0])).toBeGreaterThan(4_000);
    expect(Number(told(lower.path)[0])).toBeLessThanOrEqual(5_000);
    const higher = await ask('told', 'ok/0', { fields: 'X-Request-Timeout-Ms: 50000\r\n', ...trusted });
    expect(Number(told(higher.path)[0])).toBeLessThanOrEqual(10_000);
    const only = await ask('told-claim', 'ok/0', { fields: 'X-Request-Timeout-Ms: 1\r\n', ...trusted });
    expect(told(only.path)).toEqual(['1']);
  });
});

it('after all these no exchange and no socket is left', async () => {
  upstreams.resetAll();
  silent.resetAll();
  await whenNothingIsOpen(torus);
});
