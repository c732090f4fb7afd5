/** The connections to HTTP/2 endpoints: how many, how full, how long, and what becomes of those that cannot be used. */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import {
  FRAME,
  frame,
  ledgerOf,
  metricSum,
  startFrameUpstream,
  startHttp2Upstream,
  startHttpUpstream,
  startUpstream,
  testCertificate,
  until,
  whenNothingIsOpen,
  type FrameUpstream,
  type Http2Upstream,
  type TestUpstream,
} from '../../support/index.js';
import { startGateway, type Gateway } from './gateway.js';

/** Streams that wait for `release`, in the order they came. */
const gate: ServerHttp2Stream[] = [];
const answer = (stream: ServerHttp2Stream): void => {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200 });
  stream.end('ok');
};
const release = (): void => {
  for (const stream of gate.splice(0)) answer(stream);
};
const handle = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
  if (headers[':path'] === '/gated') gate.push(stream);
  else answer(stream);
};

let single: Http2Upstream;
let wide: Http2Upstream;
let secure: Http2Upstream;
let stranger: Http2Upstream;
let old: TestUpstream;
let oldSecure: TestUpstream;
let mute: TestUpstream;
let lifeless: FrameUpstream;
let gateway: Gateway;

beforeAll(async () => {
  const certificate = await testCertificate();
  single = await startHttp2Upstream(handle, { settings: { maxConcurrentStreams: 1 } });
  wide = await startHttp2Upstream(handle);
  secure = await startHttp2Upstream(handle, { tls: certificate });
  stranger = await startHttp2Upstream(handle, { tls: certificate });
  old = await startHttpUpstream();
  oldSecure = await startHttpUpstream(undefined, { tls: certificate });
  mute = await startUpstream(() => undefined);
  // Answers its first request, and nothing after it: not even a PING.
  lifeless = await startFrameUpstream(
    (server, stream, connection) => {
      if (stream > 1 && connection === 1) return;
      server.send(server.head(stream, [[':status', '200']]), server.data(stream, 'ok', 1));
    },
    { silentToPings: true },
  );
  const tls = { ca: certificate.caFile };
  const h2 = (url: string, more: object = {}) => ({ endpoints: [url], protocol: 'http2', ...more });
  gateway = await startGateway({
    upstreams: {
      single: h2(single.url),
      pair: h2(single.url, { pool: { maxConnections: 2, maxPending: 1 } }),
      wide: h2(wide.url, { http2: { maxConcurrentStreams: 3 }, pool: { maxConnections: 1, maxPending: 2 } }),
      brief: h2(wide.url, { pool: { idleTimeout: '200ms' } }),
      few: h2(single.url, { pool: { maxIdle: 1 } }),
      secure: h2(secure.url, { tls }),
      untrusted: h2(stranger.url),
      old: h2(old.url),
      'old-secure': h2(oldSecure.url, { tls }),
      mute: h2(mute.url, { timeouts: { connect: '200ms' } }),
      lifeless: h2(lifeless.url, { http2: { pingInterval: '200ms', pingTimeout: '200ms' } }),
    },
    route: { timeouts: { responseHead: '5s' } },
  });
});

afterEach(() => release());

afterAll(async () => {
  await gateway.stop();
  const upstreams = [single, wide, secure, stranger, old, oldSecure, mute, lifeless];
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

const ask = async (path: string): Promise<string> => {
  const { status, cause } = await gateway.ask('http1', path);
  return `${String(status)} ${cause ?? 'ok'}`;
};
const askMany = (path: string, count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => ask(path)));

const whenGated = (count: number): Promise<unknown> => until(() => gate.length === count);

describe('an endpoint that allows one stream a connection', () => {
  it('gets further connections, and none of them two at once', async () => {
    const before = single.acceptedSockets;
    const answers = askMany('/single/gated', 5);
    await whenGated(5);
    expect(single.acceptedSockets - before).toBe(5);
    expect(single.sessions.length).toBeGreaterThanOrEqual(5);
    release();
    expect(new Set(await answers)).toEqual(new Set(['200 ok']));
    // They are used again.
    const again = askMany('/single/gated', 5);
    await whenGated(5);
    expect(single.acceptedSockets - before).toBe(5);
    release();
    await again;
  });

  it('is asked by no more connections than are allowed; others wait, and those beyond the queue are refused', async () => {
    const running = askMany('/pair/gated', 2);
    await whenGated(2);
    const waiting = ask('/pair/hello');
    await until(async () => (await ledgerOf(gateway.torus)).inFlight === 3);
    expect(await ask('/pair/hello')).toBe('503 upstream.queue.full');
    release();
    expect([...(await running), await waiting]).toEqual(['200 ok', '200 ok', '200 ok']);
  });

  it('is left with as many idle connections as are kept', async () => {
    const before = single.openSockets;
    const answers = askMany('/few/gated', 3);
    await whenGated(3);
    release();
    await answers;
    await until(() => single.openSockets <= before + 1);
    expect(await ask('/few/hello')).toBe('200 ok');
  });
});

describe('a connection that is full', () => {
  it('by its own limit lets the rest wait in order', async () => {
    const running = askMany('/wide/gated', 3);
    await whenGated(3);
    const waiting = askMany('/wide/gated', 2);
    await until(async () => (await ledgerOf(gateway.torus)).inFlight === 5);
    expect(gate.length).toBe(3);
    release();
    await running;
    await whenGated(2);
    release();
    expect(await waiting).toEqual(['200 ok', '200 ok']);
  });

  it('answers 503 when no room comes in time', async () => {
    const running = askMany('/wide/gated', 3);
    await whenGated(3);
    expect(await ask('/wide/hello')).toBe('503 upstream.queue.timeout');
    release();
    await running;
  });

  it('forgets a client that leaves the queue', async () => {
    const running = askMany('/wide/gated', 3);
    await whenGated(3);
    const before = wide.streams;
    const client = await gateway.connect();
    await client.send('GET /wide/left HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(async () => (await ledgerOf(gateway.torus)).inFlight === 4);
    await client.close();
    await until(async () => (await ledgerOf(gateway.torus)).inFlight === 3);
    release();
    await running;
    expect(await ask('/wide/hello')).toBe('200 ok');
    expect(wide.streams - before).toBe(1);
  });
});

it('closes a connection that was idle for its time', async () => {
  const before = wide.openSockets;
  expect(await ask('/brief/hello')).toBe('200 ok');
  expect(wide.openSockets).toBe(before + 1);
  await until(() => wide.openSockets === before);
  const labels = { side: 'upstream', reason: 'idle' };
  expect(await metricSum(gateway.torus, 'torus_sockets_closed_total', labels)).toBeGreaterThan(0);
});

describe('an endpoint that cannot be spoken with', () => {
  it.each([
    ['old', '502 upstream.connect.failed', 'not-http2'],
    ['old-secure', '502 upstream.tls.failed', 'alpn'],
    ['untrusted', '502 upstream.tls.failed', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['mute', '504 upstream.connect.timeout', 'settings'],
  ])('%s: %s', async (name, outcome, detail) => {
    expect(await ask(`/${name}/${name}`)).toBe(outcome);
    const line = await gateway.torus.waitForLog((entry) => entry['path'] === `/${name}/${name}`);
    const seen = String(line['detail']);
    expect(name === 'old-secure' ? /alpn|ALPN|PROTOCOL/i.test(seen) : seen === detail).toBe(true);
  });
});

it('resumes the TLS session on a further connection', async () => {
  const resumed: boolean[] = [];
  secure.server.on('secureConnection', (socket: { isSessionReused(): boolean }) =>
    resumed.push(socket.isSessionReused()),
  );
  expect(await ask('/secure/hello')).toBe('200 ok');
  for (const session of secure.sessions) session.close();
  await until(() => secure.openSockets === 0);
  expect(await ask('/secure/hello')).toBe('200 ok');
  expect(resumed).toEqual([false, true]);
});

it('gives up a connection that is dead without a word, and says so in time', async () => {
  expect(await ask('/lifeless/first')).toBe('200 ok');
  const before = performance.now();
  // On the dead connection; it is idempotent, so that it is tried again on another.
  expect(await ask('/lifeless/second')).toBe('200 ok');
  expect(performance.now() - before).toBeLessThan(6_000);
  const labels = { side: 'upstream', reason: 'ping-timeout' };
  expect(await metricSum(gateway.torus, 'torus_sockets_closed_total', labels)).toBe(1);
});

it('answers PINGs of the endpoint', async () => {
  expect(await ask('/lifeless/third')).toBe('200 ok');
  const server = lifeless.connections.at(-1)!;
  server.send(frame(FRAME.ping, 0, 0, Buffer.from('12345678')));
  await until(() => server.frames.some(({ type, flags }) => type === FRAME.ping && flags === 1));
});

it('holds no socket when all is over', async () => {
  await gateway.closeClients();
  for (const upstream of [single, wide, secure, stranger, old, oldSecure, mute, lifeless])
    upstream.resetAll();
  await whenNothingIsOpen(gateway.torus);
});
