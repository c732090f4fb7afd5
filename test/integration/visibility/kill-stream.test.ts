/** What an operator ends, ends: honestly for the client, released at the upstream, named in the log; and nothing else does. */
import {
  accessLine,
  closeHttp2,
  http2Closed,
  http2Session,
  metricSum,
  rawClient,
  requestHead,
  until,
  whenNothingIsOpen,
  type RunningTorus,
} from '../../support/index.js';
import { upgradeHead } from '../tunnels/tunnel-fixture.js';
import { endLiveWorld, flood, startLiveWorld, streamAt, type LiveWorld } from './live-fixture.js';

const KILLED = 'internal.exchange.killed';

let world: LiveWorld;
let torus: RunningTorus;

beforeAll(async () => {
  world = await startLiveWorld();
  ({ torus } = world);
});

afterAll(() => endLiveWorld(world));

const kill = async (id: string): Promise<unknown> => {
  const response = await torus.admin(`/streams/${encodeURIComponent(id)}`, { method: 'DELETE' });
  expect(response.status).toBe(200);
  return response.json();
};

const busyUpstream = async (): Promise<number> => {
  const found = (await (await torus.admin('/connections')).json()) as {
    readonly upstream: { readonly active: number; readonly tunnels: number };
  };
  return found.upstream.active + found.upstream.tunnels;
};

/** The access log line of the exchange that was killed, once both of its sides are released. */
const killedLine = async (path: string) => {
  const line = await accessLine(torus, path);
  expect(line).toMatchObject({ cause: KILLED, detail: 'operator' });
  // The endpoint of an upload does not read, and would not notice: the ledger of the live view says it.
  await until(async () => (await busyUpstream()) === 0, 5_000, 'the upstream side to be released');
  return line;
};

describe('an exchange that an operator ends', () => {
  it('is answered 503 while the upstream has said nothing', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('GET /silent'));
    const { id } = await streamAt(torus, '/silent', ({ phase }) => phase === 'wait');
    expect(await kill(id)).toEqual({ killed: 1, missing: [] });
    const response = await client.response();
    expect(response).toMatchObject({ status: 503, end: 'complete' });
    expect(JSON.parse(response.body.toString())).toMatchObject({ cause: KILLED, status: 503 });
    expect(await killedLine('/silent')).toMatchObject({ id, status: 503 });
    // The connection is not to blame: it serves on.
    expect(await client.exchange(requestHead('GET /small'))).toMatchObject({ status: 200 });
    await client.close();
    expect(await metricSum(torus, 'torus_http_requests_total', { cause: KILLED, status: '503' })).toBe(1);
  });

  it('is answered 503 inside its upload, and the rest of the upload is not waited for', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('POST /upload/now', 'Content-Length: 33554432'));
    flood(client.socket);
    const { id } = await streamAt(torus, '/upload/now', ({ blocked }) => blocked === 'upstream');
    await kill(id);
    expect(await client.response()).toMatchObject({ status: 503 });
    await killedLine('/upload/now');
    await client.close();
  });

  it('breaks inside its response, which then looks complete to nobody', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('GET /chunked/plain'));
    await client.readUntil('begun');
    const { id } = await streamAt(torus, '/chunked/plain', ({ phase }) => phase === 'response');
    await kill(id);
    expect(await client.ended()).toBe('reset');
    expect(client.unread.toString()).toBe('\r\n');
    expect(await killedLine('/chunked/plain')).toMatchObject({ status: 200 });
    await client.close();
  });

  it('breaks over TLS without the last chunk', async () => {
    const client = await rawClient({ port: torus.port('secure'), tls: true });
    await client.send(requestHead('GET /chunked/tls'));
    await client.readUntil('begun');
    await kill((await streamAt(torus, '/chunked/tls', ({ phase }) => phase === 'response')).id);
    await client.ended();
    expect(client.unread.toString()).toBe('\r\n');
    await killedLine('/chunked/tls');
    await client.close();
  });

  it('is a stream that is reset over HTTP/2, beside others that go on', async () => {
    const session = await http2Session({ port: torus.port('secure') });
    const ask = (path: string) => session.request({ ':path': path, ':authority': 'localhost' }).resume();
    const [killed, other] = [ask('/chunked/reset'), ask('/chunked/other')];
    for (const stream of [killed, other]) stream.on('error', () => undefined);
    const reset = http2Closed(killed);
    const { id } = await streamAt(torus, '/chunked/reset', ({ phase }) => phase === 'response');
    await streamAt(torus, '/chunked/other', ({ phase }) => phase === 'response');
    await kill(id);
    await reset;
    expect(killed.rstCode).not.toBe(0);
    expect(await accessLine(torus, '/chunked/reset')).toMatchObject({ cause: KILLED });
    const third = ask('/small');
    await http2Closed(third);
    expect([third.rstCode, other.closed]).toEqual([0, false]);
    await closeHttp2(session);
    await until(async () => (await busyUpstream()) === 0);
  });

  it('may be a tunnel', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(upgradeHead('/tunnel-deaf'));
    await client.readUntil('\r\n\r\n');
    const { id } = await streamAt(torus, '/tunnel-deaf', ({ phase }) => phase === 'tunnel');
    await kill(id);
    expect(await client.ended()).toBe('reset');
    expect(await killedLine('/tunnel-deaf')).toMatchObject({ status: 101 });
    await client.close();
  });

  it('may be named by POST as well, and be gone', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('GET /silent/post'));
    const { id } = await streamAt(torus, '/silent/post', ({ phase }) => phase === 'wait');
    const post = () => torus.admin(`/streams/${id}/kill`, { method: 'POST' });
    expect((await post()).status).toBe(200);
    expect(await client.response()).toMatchObject({ status: 503 });
    await until(async () => (await post()).status === 404);
    expect((await torus.admin(`/streams/${id}`)).status).toBe(405);
    await client.close();
  });

  it('leaves no socket behind', async () => {
    world.upstream.resetAll();
    await whenNothingIsOpen(torus, 5_000);
  });
});
