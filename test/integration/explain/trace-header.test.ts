/** `x-torus-trace`: what became of this very request, told to those who may ask, in what they get. */
import { parseDictionary, Token } from 'structured-headers';
import {
  freePort,
  http2Ask,
  http2Session,
  rawClient,
  startRecordingUpstream,
  startTorus,
  TEST_SECRET,
  testCertificate,
  token,
  type RecordingUpstream,
  type RunningTorus,
} from '../../support/index.js';

const JWT = { 'jwt-auth': { secret: TEST_SECRET, algorithms: ['HS256'] } };

const config = (ports: readonly number[], more: object = {}): object => ({
  workers: 1,
  admin: { address: '127.0.0.1:0' },
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  trustedProxies: ['127.0.0.1/32'],
  upstreams: {
    app: {
      endpoints: ports.map((port) => `http://127.0.0.1:${String(port)}`),
      balancer: 'round-robin',
      outlierEjection: false,
    },
  },
  routes: [
    { name: 'open', match: { path: '/open' }, upstream: 'app' },
    {
      name: 'guarded',
      match: { path: '/guarded' },
      filters: [{ 'ip-allow': { allow: ['127.0.0.0/8'] } }, JWT, { 'body-limit': { max: '1KiB' } }],
      upstream: 'app',
    },
  ],
  ...more,
});

/** What the field says, as any parser of structured fields (RFC 9651) reads it. */
const read = (field: string | undefined): Record<string, unknown> => {
  const members = [...parseDictionary(field ?? '')].map(([key, [value, parameters]]) => [
    key,
    Array.isArray(value)
      ? value.map(([item, details]) => ({ item, ...Object.fromEntries([...details].map(plain)) }))
      : value,
    parameters.size,
  ]);
  return Object.fromEntries(members.map(([key, value]) => [key, value])) as Record<string, unknown>;
};

const plain = ([key, value]: readonly [string, unknown]): readonly [string, unknown] => [
  key,
  value instanceof Token ? value.toString() : value,
];

interface Asked {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly localAddress?: string;
}

const ask = async (torus: RunningTorus, { path = '/open', headers = {}, localAddress }: Asked = {}) => {
  await using client = await rawClient({
    port: torus.port('plain'),
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const lines = Object.entries({ host: 'a', 'x-torus-trace': '1', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return await client.exchange(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
};

describe('x-torus-trace', () => {
  let upstream: RecordingUpstream;

  beforeAll(async () => {
    upstream = await startRecordingUpstream();
  });
  afterAll(() => upstream.close());

  describe('by default', () => {
    let torus: RunningTorus;

    beforeAll(async () => {
      torus = await startTorus({ config: config([upstream.port]) });
    });
    afterAll(() => torus.stop());

    it('tells a trusted peer the route, the endpoint, the attempts and the cause', async () => {
      const response = await ask(torus);
      expect(response.status).toBe(200);
      expect(read(response.field('x-torus-trace'))).toEqual({
        id: expect.any(String),
        pid: torus.workers()[0],
        listener: 'plain',
        client: '127.0.0.1',
        route: 'open',
        upstream: 'app',
        endpoint: `127.0.0.1:${String(upstream.port)}`,
        attempts: 1,
        reused: false,
        'connected-ms': expect.any(Number),
        'response-head-ms': expect.any(Number),
        'total-ms': expect.any(Number),
        status: 200,
        cause: 'ok',
      });
      const again = read((await ask(torus)).field('x-torus-trace'));
      expect(again['reused']).toBe(true);
      const line = await torus.waitForLog((at) => at['id'] === again['id']);
      expect(line).toMatchObject({ route: 'open', cause: 'ok', endpoint: again['endpoint'] });
    });

    it('never goes upstream, whoever sends it', async () => {
      await ask(torus);
      await ask(torus, { localAddress: '127.0.0.2' });
      const heads = upstream.requests.slice(-2).map(({ head }) => head.toLowerCase());
      expect(heads).toHaveLength(2);
      for (const head of heads) expect(head).not.toContain('x-torus-trace');
    });

    it('is not answered to a peer that is not trusted, nor to a client behind a trusted one', async () => {
      const stranger = await ask(torus, { localAddress: '127.0.0.2' });
      const behind = await ask(torus, { headers: { 'x-forwarded-for': '203.0.113.9' } });
      const inside = await ask(torus, { headers: { 'x-forwarded-for': '127.0.0.1' } });
      expect([stranger, behind, inside].map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(stranger.field('x-torus-trace')).toBeUndefined();
      expect(behind.field('x-torus-trace')).toBeUndefined();
      expect(inside.field('x-torus-trace')).toBeDefined();
    });

    it('is asked for by the field, and by no value that says no', async () => {
      for (const value of ['0', 'false', 'off', '']) {
        const response = await ask(torus, { headers: { 'x-torus-trace': value } });
        expect(response.field('x-torus-trace')).toBeUndefined();
      }
      const response = await ask(torus, { headers: { 'x-torus-trace': 'true' } });
      expect(response.field('x-torus-trace')).toBeDefined();
    });

    it('tells what each filter said', async () => {
      const authorization = `Bearer ${token()}`;
      const passed = read(
        (await ask(torus, { path: '/guarded', headers: { authorization } })).field('x-torus-trace'),
      );
      expect(passed['filters']).toEqual([
        { item: 'ip-allow', verdict: 'continues' },
        { item: 'jwt-auth', verdict: 'continues' },
        { item: 'body-limit', verdict: 'continues' },
      ]);
      const refused = read((await ask(torus, { path: '/guarded' })).field('x-torus-trace'));
      expect(refused).toMatchObject({
        route: 'guarded',
        filters: [
          { item: 'ip-allow', verdict: 'continues' },
          { item: 'jwt-auth', verdict: 'answers', status: 401 },
        ],
        attempts: 0,
        status: 401,
        cause: 'downstream.filter.unauthenticated',
      });
      expect(refused).not.toHaveProperty('endpoint');
    });

    it('comes with answers of Torus itself', async () => {
      const trace = read((await ask(torus, { path: '/nowhere' })).field('x-torus-trace'));
      expect(trace).toMatchObject({ status: 404, cause: 'downstream.route.not-found', attempts: 0 });
      expect(trace).not.toHaveProperty('route');
    });
  });

  it('tells of failed attempts, when they were over and why', async () => {
    const dead = await freePort();
    await using torus = await startTorus({ config: config([dead, upstream.port]) });
    const traces: Record<string, unknown>[] = [];
    for (let count = 0; count < 2; count += 1) traces.push(read((await ask(torus)).field('x-torus-trace')));
    const retried = traces.find(({ attempts }) => attempts === 2);
    expect(retried).toMatchObject({
      endpoint: `127.0.0.1:${String(upstream.port)}`,
      failed: [
        {
          item: `127.0.0.1:${String(dead)}`,
          cause: 'upstream.connect.refused',
          'after-ms': expect.any(Number),
        },
      ],
      cause: 'ok',
    });
    const [failed] = retried!['failed'] as { 'after-ms': number }[];
    expect(failed!['after-ms']).toBeLessThanOrEqual(retried!['total-ms'] as number);
    const line = await torus.waitForLog((at) => at['id'] === retried!['id']);
    expect(line['failedAttempts']).toEqual([
      {
        endpoint: `127.0.0.1:${String(dead)}`,
        cause: 'upstream.connect.refused',
        afterMs: expect.any(Number),
      },
    ]);
  });

  it('tells which endpoint failed last when none answered', async () => {
    const dead = await freePort();
    await using torus = await startTorus({ config: config([dead]) });
    const response = await ask(torus);
    expect(response.status).toBe(502);
    expect(read(response.field('x-torus-trace'))).toMatchObject({
      route: 'open',
      upstream: 'app',
      endpoint: `127.0.0.1:${String(dead)}`,
      attempts: 2,
      status: 502,
      cause: 'upstream.connect.refused',
    });
  });

  it('is answered to the addresses that the configuration names, and to nobody when it says so', async () => {
    const named = { trustedProxies: [], traceHeader: { from: ['127.0.0.2'] } };
    await using torus = await startTorus({ config: config([upstream.port], named) });
    expect((await ask(torus, { localAddress: '127.0.0.2' })).field('x-torus-trace')).toBeDefined();
    expect((await ask(torus)).field('x-torus-trace')).toBeUndefined();
    const forged = { 'x-forwarded-for': '127.0.0.2' };
    expect((await ask(torus, { headers: forged })).field('x-torus-trace')).toBeUndefined();
    await using off = await startTorus({ config: config([upstream.port], { traceHeader: false }) });
    expect((await ask(off)).field('x-torus-trace')).toBeUndefined();
    expect(upstream.requests.at(-1)?.head.toLowerCase()).not.toContain('x-torus-trace');
  });

  it('is a mistake to allow where nobody is trusted', async () => {
    const torus = await startTorus({
      config: config([upstream.port], { trustedProxies: [], traceHeader: true }),
      waitUntilReady: false,
    });
    await torus.waitForLog(/traceHeader: needs `from`/);
    expect((await torus.exit).code).toBe(1);
    await torus.stop();
  });

  it('works over HTTP/2', async () => {
    const { certFile, keyFile } = await testCertificate();
    const tls = { certificates: [{ cert: certFile, key: keyFile }] };
    await using torus = await startTorus({
      config: config([upstream.port], { listeners: [{ name: 'edge', address: '127.0.0.1:0', tls }] }),
    });
    const session = await http2Session({ port: torus.port('edge') });
    const asked = async (path: string): Promise<Record<string, unknown>> => {
      const answer = await http2Ask(session, {
        ':authority': 'localhost',
        ':path': path,
        'x-torus-trace': '1',
      });
      return read(String(answer.headers['x-torus-trace'] ?? ''));
    };
    expect(await asked('/open')).toMatchObject({ listener: 'edge', route: 'open', cause: 'ok', status: 200 });
    expect(await asked('/guarded')).toMatchObject({ status: 401 });
    expect(upstream.requests.at(-1)?.head.toLowerCase()).not.toContain('x-torus-trace');
    session.close();
    await torus.stop();
  });
});
