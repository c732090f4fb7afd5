/** Which side blocks an exchange, and for how long: in the live view while it runs, in the log and the metrics when it has ended. */
import {
  accessLine,
  closeHttp2,
  http2Closed,
  http2Session,
  metricSum,
  rawClient,
  requestHead,
  until,
  type LogLine,
  type RunningTorus,
} from '../../support/index.js';
import { upgradeHead } from '../tunnels/tunnel-fixture.js';
import {
  FLOOD_BYTES,
  blockedOn,
  endLiveWorld,
  flood,
  startLiveWorld,
  streamAt,
  streamsOf,
  swallow,
  type LiveWorld,
} from './live-fixture.js';

jest.setTimeout(60_000);

/** One read in each direction, and what a window or a socket of Node's may hold besides. */
const HELD_BYTES = 1024 * 1024;

let world: LiveWorld;
let torus: RunningTorus;

beforeAll(async () => {
  world = await startLiveWorld();
  ({ torus } = world);
});

afterAll(() => endLiveWorld(world));

/** The figures of the ended exchange agree with each other and with what was seen of it while it ran. */
const expectMeasured = (line: LogLine, side: 'client' | 'upstream', seenMs: number): void => {
  const { blockedOnClientMs, blockedOnUpstreamMs, peakBufferedBytes, durationMs } = line as unknown as Record<
    string,
    number
  >;
  const [blocked, other] =
    side === 'client'
      ? [blockedOnClientMs!, blockedOnUpstreamMs!]
      : [blockedOnUpstreamMs!, blockedOnClientMs!];
  expect(blocked).toBeGreaterThanOrEqual(seenMs);
  expect(blocked).toBeLessThanOrEqual(durationMs!);
  expect(other).toBeLessThan(seenMs);
  expect(peakBufferedBytes).toBeGreaterThan(1024);
  expect(peakBufferedBytes).toBeLessThan(HELD_BYTES);
};

describe('a client that does not read', () => {
  it.each([
    ['HTTP/1.1', 'plain'],
    ['HTTP/1.1 over TLS', 'secure'],
  ])('blocks its response over %s, and everyone can see for how long', async (_protocol, listener) => {
    const path = `/download/${listener}`;
    const before = await metricSum(torus, 'torus_http_blocked_seconds_sum', {
      route: 'main',
      side: 'client',
    });
    const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
    client.pause();
    await client.send(requestHead(`GET ${path}?secret=1`));
    const row = await streamAt(torus, path, blockedOn('client'));
    expect(row).toMatchObject({
      worker: 1,
      pid: torus.workers()[0],
      protocol: 'http/1.1',
      tunnel: null,
      listener,
      client: '127.0.0.1',
      method: 'GET',
      host: 'example.test',
      path,
      route: 'main',
      upstream: 'main',
      endpoint: `127.0.0.1:${String(world.upstream.port)}`,
      phase: 'response',
      status: 200,
      attempts: 1,
      requestBytes: 0,
      blockedOnUpstreamMs: 0,
    });
    expect(JSON.stringify(row)).not.toContain('secret');
    expect(row.bufferedBytes).toBeGreaterThan(1024);
    expect(row.peakBufferedBytes).toBeGreaterThanOrEqual(row.bufferedBytes);
    expect(row['idleMs']).toBeGreaterThanOrEqual(row.blockedForMs - 100);
    expect(row['ageMs']).toBeGreaterThanOrEqual(row.blockedOnClientMs);
    await swallow(client.socket, FLOOD_BYTES);
    const line = await accessLine(torus, path);
    expect(line).toMatchObject({ id: row.id, cause: 'ok', responseBytes: FLOOD_BYTES });
    expectMeasured(line, 'client', row.blockedForMs);
    const after = await metricSum(torus, 'torus_http_blocked_seconds_sum', { route: 'main', side: 'client' });
    expect(after - before).toBeCloseTo(Number(line['blockedOnClientMs']) / 1000, 2);
    await client.close();
  });

  it('blocks its stream over HTTP/2, and no other stream of the connection', async () => {
    const session = await http2Session({ port: torus.port('secure') });
    const stream = session.request({ ':path': '/download/http2', ':authority': 'localhost' });
    stream.pause();
    const row = await streamAt(torus, '/download/http2', blockedOn('client'));
    expect(row).toMatchObject({ protocol: 'http/2', listener: 'secure', phase: 'response' });
    const other = session.request({ ':path': '/small', ':authority': 'localhost' }).resume();
    await http2Closed(other);
    expect(other.rstCode).toBe(0);
    stream.resume();
    await http2Closed(stream);
    const line = await accessLine(torus, '/download/http2');
    expect(line).toMatchObject({ id: row.id, cause: 'ok', responseBytes: FLOOD_BYTES });
    expectMeasured(line, 'client', row.blockedForMs);
    await closeHttp2(session);
  });

  it('blocks its tunnel over HTTP/2', async () => {
    const session = await http2Session({ port: torus.port('secure') });
    await until(() => session.remoteSettings?.enableConnectProtocol === true);
    const stream = session.request({
      ...{ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/tunnel-flood/http2' },
      ...{ ':scheme': 'https', ':authority': 'localhost', 'sec-websocket-version': '13' },
    });
    stream.on('error', () => undefined).pause();
    const row = await streamAt(torus, '/tunnel-flood/http2', blockedOn('client'));
    expect(row).toMatchObject({ phase: 'tunnel', tunnel: 'websocket', protocol: 'http/2', status: 200 });
    stream.close(8);
    expectMeasured(await accessLine(torus, '/tunnel-flood/http2'), 'client', row.blockedForMs);
    await closeHttp2(session);
  });

  it('blocks a tunnel whose frames are watched', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    client.pause();
    await client.send(upgradeHead('/tunnel-told'));
    const row = await streamAt(torus, '/tunnel-told', blockedOn('client'));
    expect(row).toMatchObject({ phase: 'tunnel', tunnel: 'websocket', route: 'told' });
    client.reset();
    expectMeasured(await accessLine(torus, '/tunnel-told'), 'client', row.blockedForMs);
    await client.close();
  });

  it('blocks its tunnel', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    client.pause();
    await client.send(upgradeHead('/tunnel-flood'));
    const row = await streamAt(torus, '/tunnel-flood', blockedOn('client'));
    expect(row).toMatchObject({ phase: 'tunnel', tunnel: 'websocket', status: 101, blockedOnUpstreamMs: 0 });
    expect(row.bufferedBytes).toBeGreaterThan(1024);
    client.reset();
    const line = await accessLine(torus, '/tunnel-flood');
    expectMeasured(line, 'client', row.blockedForMs);
    await client.close();
  });
});

describe('an endpoint that does not read', () => {
  it.each([
    ['HTTP/1.1', '/upload'],
    ['HTTP/2', '/deaf'],
  ])('blocks the upload over %s', async (_protocol, path) => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead(`POST ${path}`, `Content-Length: ${String(FLOOD_BYTES)}`));
    flood(client.socket);
    const row = await streamAt(torus, path, blockedOn('upstream'));
    expect(row).toMatchObject({ phase: 'request', status: 0, responseBytes: 0, blockedOnClientMs: 0 });
    expect(row['requestBytes']).toBeGreaterThan(0);
    expect((await streamsOf(torus, '?blocked=upstream')).matched).toBe(1);
    expect((await streamsOf(torus, '?blocked=client')).matched).toBe(0);
    client.reset();
    const line = await accessLine(torus, path);
    expectMeasured(line, 'upstream', row.blockedForMs);
    await client.close();
  });

  it('blocks the tunnel', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(upgradeHead('/tunnel-deaf'));
    await client.readUntil('\r\n\r\n');
    flood(client.socket);
    const row = await streamAt(torus, '/tunnel-deaf', blockedOn('upstream'));
    expect(row).toMatchObject({ phase: 'tunnel', tunnel: 'websocket', blockedOnClientMs: 0 });
    client.reset();
    expectMeasured(await accessLine(torus, '/tunnel-deaf'), 'upstream', row.blockedForMs);
    await client.close();
  });
});

describe('an exchange that nothing blocks', () => {
  it('has no figures when request and response each came in one read', async () => {
    const before = await metricSum(torus, 'torus_http_peak_buffered_bytes_count');
    const client = await rawClient({ port: torus.port('plain') });
    await client.exchange(requestHead('GET /small'));
    const line = await accessLine(torus, '/small');
    expect(Object.keys(line).filter((name) => /blocked|Buffered/.test(name))).toEqual([]);
    expect(await metricSum(torus, 'torus_http_peak_buffered_bytes_count')).toBe(before);
    await client.close();
  });

  it('is shown as waiting for the upstream, not as blocked', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('GET /silent'));
    const row = await streamAt(torus, '/silent', ({ phase }) => phase === 'wait');
    expect(row).toMatchObject({ blocked: null, blockedForMs: 0, bufferedBytes: 0, idleMs: null, status: 0 });
    client.reset();
    await client.close();
  });
});
