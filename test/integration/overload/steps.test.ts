/** What each step does to HTTP/2, gRPC, tunnels and upstream connections: a megabyte of resident memory is always used up. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  ENTRY,
  closeHttp2,
  http2Ask,
  http2Session,
  metricSum,
  requestHead,
  startHttp2Upstream,
  until,
  within,
  type Http2Upstream,
} from '../../support/index.js';
import { upgradeHead } from '../tunnels/tunnel-fixture.js';
import { SLOW_MS, startOverloadFixture, type OverloadFixture } from './overload-fixture.js';

const NO_ERROR = 0;
const FULL = { limit: '1MiB', shortenIdle: false, noKeepAlive: false, shed: false } as const;
const LISTENERS = [{ name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'] }];

let fixture: OverloadFixture;
let modern: Http2Upstream;
beforeAll(async () => {
  modern = await startHttp2Upstream((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('modern');
  });
  fixture = await startOverloadFixture({ config: { listeners: LISTENERS } });
});
afterAll(async () => {
  await fixture.stop();
  await modern.close();
});

/** From here on the worker is overloaded, with these steps only. */
const overloadWith = async (
  steps: { shortenIdle?: string; noKeepAlive?: string; shed?: string },
  more: object = {},
): Promise<void> => {
  await fixture.reconfigure({ overload: { memory: { ...FULL, ...steps } }, ...more });
  const { shortenIdle, noKeepAlive, shed } = { ...FULL, ...steps };
  const wanted = [shortenIdle, noKeepAlive, shed].map((threshold) => threshold !== false);
  await fixture.whenOverload(({ workers: [worker] }) => {
    const { 'shorten-idle': short, 'no-keep-alive': closing, shed: shedding } = worker?.steps ?? {};
    return JSON.stringify([short, closing, shedding]) === JSON.stringify(wanted);
  }, 'these steps');
};
const calm = async (more: object = {}): Promise<void> => {
  await fixture.reconfigure({ overload: true, ...more });
  await fixture.whenOverload(({ level }) => level === 0, 'no step');
};
const session = () => http2Session({ port: fixture.torus.port(), tls: false });
const get = (path: string) => ({ ':path': path, ':authority': 'localhost' });

describe('without keep-alive', () => {
  it('an HTTP/2 connection takes one more request, is told to go, and closes when its streams have ended', async () => {
    await calm();
    const client = await session();
    const running = http2Ask(client, get('/hold'));
    await until(() => fixture.held === 1);
    await overloadWith({ noKeepAlive: '95%' });
    const goaway = once(client, 'goaway') as Promise<[code: number]>;
    expect((await http2Ask(client, get('/one-more'))).status).toBe(200);
    expect((await within(goaway, 5_000, 'GOAWAY'))[0]).toBe(NO_ERROR);
    fixture.release();
    expect((await running).text()).toBe('held');
    if (!client.closed) await within(once(client, 'close'), 5_000, 'the connection to close');
    await closeHttp2(client);
  });

  it('a new connection is served all the same', async () => {
    await overloadWith({ noKeepAlive: '95%' });
    const client = await session();
    expect((await http2Ask(client, get('/new'))).status).toBe(200);
    await closeHttp2(client);
  });
});

describe('while new requests are shed', () => {
  beforeAll(() => overloadWith({ shed: '95%' }));

  it('an HTTP/2 connection stays, its streams are answered 503, and those of critical routes 200', async () => {
    const client = await session();
    for (const path of ['/first', '/second']) {
      const answer = await http2Ask(client, get(path));
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    }
    expect((await http2Ask(client, get('/health'))).status).toBe(200);
    await closeHttp2(client);
  });

  it('a gRPC call ends with UNAVAILABLE', async () => {
    const client = await session();
    const call = { ...get('/package.Service/Method'), 'content-type': 'application/grpc', te: 'trailers' };
    const { status, headers } = await http2Ask(client, { ...call, ':method': 'POST' }, Buffer.alloc(5));
    expect([status, headers['grpc-status'], headers['retry-after']]).toEqual([200, '14', '1']);
    await closeHttp2(client);
  });

  it('a request body is not waited for', async () => {
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('POST /upload', 'Content-Length: 1000000'));
    expect([response.status, response.field('connection')]).toEqual([503, 'close']);
  });

  it('what nothing matches is told so', async () => {
    await overloadWith(
      { shed: '95%' },
      { routes: [{ name: 'one', match: { path: '/one' }, upstream: 'service' }] },
    );
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /none'))).status).toBe(404);
  });
});

describe('while idle timeouts are short', () => {
  it('idle HTTP/2 connections go, and those with a stream stay', async () => {
    await calm();
    const [idle, busy] = [await session(), await session()];
    expect((await http2Ask(idle, get('/quick'))).status).toBe(200);
    const running = http2Ask(busy, get('/hold'));
    await until(() => fixture.held === 1);
    await overloadWith({ shortenIdle: '85%' });
    await within(once(idle, 'goaway'), SLOW_MS, 'GOAWAY');
    expect(busy.closed).toBe(false);
    fixture.release();
    expect((await running).text()).toBe('held');
    await Promise.all([closeHttp2(idle), closeHttp2(busy)]);
  });

  it('idle connections to HTTP/2 upstreams go', async () => {
    const upstreams = { service: { endpoints: [modern.url], protocol: 'http2' } };
    await calm({ upstreams });
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /quick'))).body.toString()).toBe('modern');
    expect(modern.openSockets).toBe(1);
    await overloadWith({ shortenIdle: '85%' }, { upstreams });
    await modern.whenOpenSockets(0, SLOW_MS);
    const again = await fixture.connect();
    expect((await again.exchange(requestHead('GET /quick'))).body.toString()).toBe('modern');
  });

  it('tunnels stay, whatever the step', async () => {
    await calm();
    const tunnel = await fixture.connect();
    await tunnel.send(upgradeHead('/socket'));
    await tunnel.readUntil('\r\n\r\n');
    const idle = await fixture.connect();
    expect((await idle.exchange(requestHead('GET /quick'))).status).toBe(200);
    await overloadWith({ shortenIdle: '85%', noKeepAlive: '92%', shed: '95%' });
    expect(await idle.ended(SLOW_MS)).toBe('fin');
    await tunnel.send('still here');
    expect((await tunnel.readBytes(10)).toString()).toBe('still here');
    await tunnel.close();
  });
});

it('torus overload shows it as a table, and says by its exit code that a worker sheds', async () => {
  const run = (): Promise<{ code: number; text: string }> =>
    new Promise((resolve) => {
      const admin = `127.0.0.1:${String(fixture.torus.adminPort)}`;
      execFile(process.execPath, [ENTRY, 'overload', '--admin', admin], (error, stdout) =>
        resolve({ code: Number(error?.code ?? 0), text: stdout }),
      );
    });
  await calm();
  const before = await run();
  expect(before.code).toBe(0);
  expect(before.text).toMatch(
    /^WORKER +RESOURCE +PRESSURE +STEP +MEASURED\n +1 +fds +\d+% +\d+ open, limit \d+\n/,
  );
  await overloadWith({ shed: '95%' });
  const during = await run();
  expect(during.code).toBe(1);
  expect(during.text).toMatch(/1 +memory +100% +shed +resident: \S+ of 1\S*M/);
});

it('the connections that were closed for it are counted as such', async () => {
  expect(
    await metricSum(fixture.torus, 'torus_sockets_closed_total', { side: 'upstream', reason: 'overload' }),
  ).toBeGreaterThan(0);
});
