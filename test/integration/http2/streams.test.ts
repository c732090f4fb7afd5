/** Many requests on one connection: limits, resets, backpressure and deadlines are those of a stream, not of its neighbours. */
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { ServerResponse, IncomingMessage } from 'node:http';
import {
  accessLine,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  hpack,
  http2Ask,
  http2Closed,
  metricSum,
  requestFields,
  rssBytes,
  startHttpUpstream,
  uint32,
  until,
} from '../../support/index.js';
import { startHttp2Fixture, type Http2Fixture } from './http2-fixture.js';

const MIB = 2 ** 20;
const BLOCK = Buffer.alloc(MIB, 'b');
/** A window, a piece on its way in each buffer, and what the heap grows by between two collections. */
const GROWTH_BYTES = 24 * MIB;
const REFUSED_STREAM = 7;
const INTERNAL_ERROR = 2;

interface Held {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Requests by path, newest last. */
const held = new Map<string, Held[]>();
const heldAt = (path: string): Promise<Held> => until(() => held.get(path)?.at(-1));

let fixture: Http2Fixture;

beforeAll(async () => {
  const upstream = await startHttpUpstream((request, response) => {
    const path = request.url ?? '';
    if (path === '/now') {
      request.resume();
      response.end('now');
      return;
    }
    held.set(path, [...(held.get(path) ?? []), { request, response }]);
  });
  const listener = { timeouts: { bodyGap: '1s', writeGap: '1s' }, http2: { maxConcurrentStreams: 50 } };
  fixture = await startHttp2Fixture(upstream, { listener });
});
afterAll(() => fixture.stop());

const open = (
  session: ClientHttp2Session,
  path: string,
  method = 'GET',
  fields: object = {},
): ClientHttp2Stream => {
  const stream = session.request(
    { ':path': path, ':method': method, ...fields },
    { endStream: method === 'GET' },
  );
  stream.on('error', () => undefined);
  return stream;
};

const gone = ({ request }: Held): Promise<unknown> =>
  until(() => request.socket.destroyed, 5_000, 'the upstream connection to close');

/** Writes as fast as it is taken until it halts; returns what was taken. */
const fill = async (target: ClientHttp2Stream | ServerResponse): Promise<number> => {
  let taken = 0;
  let since = performance.now();
  const write = (): void => {
    target.write(BLOCK, (error) => {
      if (error) return;
      taken += BLOCK.length;
      since = performance.now();
      write();
    });
  };
  write();
  await until(() => performance.now() - since > 400);
  return taken;
};

describe.each(['secure', 'plain'] as const)('%s', (listener) => {
  it('fifty requests run at the same time, and finish in any order', async () => {
    const session = await fixture.session(listener);
    const paths = Array.from({ length: 50 }, (_, index) => `/${listener}-many-${String(index)}`);
    const answers = paths.map((path) => http2Ask(session, { ':path': path }));
    for (const path of [...paths].reverse()) (await heldAt(path)).response.end(path);
    expect((await Promise.all(answers)).map((answer) => answer.text())).toEqual(paths);
  });

  it('a stream beyond the limit that the client has heard of ends the connection', async () => {
    const count = (): Promise<number> =>
      metricSum(fixture.torus, 'torus_sockets_closed_total', { owner: listener, reason: 'protocol-error' });
    const before = await count();
    const client = await fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
    await client.frame(FRAME.settings);
    const path = `/${listener}-limit`;
    for (let index = 0; index < 50; index += 1) await client.request(1 + 2 * index, requestFields(path));
    await until(() => held.get(path)?.length === 50);
    await client.request(101, requestFields('/beyond'));
    await client.whenEnded();
    await Promise.all((held.get(path) ?? []).map(gone));
    expect(held.has('/beyond')).toBe(false);
    await client.close();
    await until(async () => (await count()) === before + 1);
  });

  it('a stream beyond the limit is refused while the client has not heard of it', async () => {
    const port = fixture.torus.port(listener);
    const client = await fixture.frames({ port, tls: listener === 'secure', preface: false });
    const heads = Array.from({ length: 60 }, (_, index) =>
      frame(FRAME.headers, END_HEADERS | END_STREAM, 1 + 2 * index, hpack(requestFields('/early'))),
    );
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await client.send(preface, frame(FRAME.settings), ...heads);
    await until(() => client.of(FRAME.rstStream).length === 10);
    expect(
      client.of(FRAME.rstStream).map(({ stream, payload }) => [stream, payload.readUInt32BE(0)]),
    ).toEqual(Array.from({ length: 10 }, (_, index) => [101 + 2 * index, REFUSED_STREAM]));
    await client.close();
  });

  it.each([
    ['before the response', 'GET', false, 'downstream.wait.aborted'],
    ['inside the response', 'GET', true, 'downstream.response.aborted'],
    ['inside the request', 'POST', false, 'downstream.body.aborted'],
  ])(
    'a reset %s reaches the upstream at once, and no other stream',
    async (title, method, responds, cause) => {
      const session = await fixture.session(listener);
      const path = `/${listener}-reset-${title.replaceAll(' ', '-')}`;
      const neighbour = http2Ask(session, { ':path': `${path}-neighbour` });
      const stream = open(session, path, method);
      if (method === 'POST') stream.write('some');
      const exchange = await heldAt(path);
      if (responds) {
        exchange.response.write('some');
        await once(stream, 'data');
      }
      stream.destroy(new Error('the client gave up'));
      await gone(exchange);
      const line = await accessLine(fixture.torus, path);
      expect([line['cause'], line['detail']]).toEqual([cause, `rst-${String(INTERNAL_ERROR)}`]);
      (await heldAt(`${path}-neighbour`)).response.end('unharmed');
      expect((await neighbour).text()).toBe('unharmed');
    },
  );

  it('a reset without an error inside a body is no end of the body', async () => {
    const client = await fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
    const path = `/${listener}-reset-no-error`;
    await client.request(1, requestFields(path, 'POST'), END_HEADERS);
    await client.send(frame(FRAME.data, 0, 1, Buffer.from('half')));
    const exchange = await heldAt(path);
    await client.send(frame(FRAME.rstStream, 0, 1, uint32(0)));
    await gone(exchange);
    expect(exchange.request.complete).toBe(false);
    expect((await accessLine(fixture.torus, path))['cause']).toBe('downstream.body.aborted');
    await client.close();
  });

  it('a connection that is lost ends all that ran on it', async () => {
    const session = await fixture.session(listener);
    const paths = ['a', 'b', 'c'].map((name) => `/${listener}-lost-${name}`);
    for (const path of paths) open(session, path);
    const exchanges = await Promise.all(paths.map(heldAt));
    session.destroy();
    await Promise.all(exchanges.map(gone));
    for (const path of paths)
      expect((await accessLine(fixture.torus, path))['cause']).toBe('downstream.wait.aborted');
  });

  it.each([
    ['in chunks', {}],
    ['with a length', { 'content-length': '100' }],
  ])('a response %s that the upstream breaks off is reset, never ended', async (title, fields) => {
    const session = await fixture.session(listener);
    const path = `/${listener}-broken-${title.replaceAll(' ', '-')}`;
    const answer = http2Ask(session, { ':path': path });
    const { request, response } = await heldAt(path);
    response.writeHead(200, fields).write('part');
    await until(() => response.writableLength === 0);
    request.socket.destroy();
    const { status, rstCode } = await answer;
    expect([status, rstCode]).toEqual([200, INTERNAL_ERROR]);
    expect((await accessLine(fixture.torus, path))['cause']).toBe('upstream.body.closed');
    expect((await http2Ask(session, { ':path': '/now' })).text()).toBe('now');
  });

  it('a response that only the end of the upstream connection would end is reset when that breaks', async () => {
    const session = await fixture.session(listener);
    const path = `/${listener}-broken-without-length`;
    const answer = http2Ask(session, { ':path': path });
    const { request, response } = await heldAt(path);
    Object.assign(response, { useChunkedEncodingByDefault: false, shouldKeepAlive: false });
    response.writeHead(200).write('part');
    await until(() => response.writableLength === 0);
    request.socket.resetAndDestroy();
    const { status, rstCode } = await answer;
    expect([status, rstCode]).toEqual([200, INTERNAL_ERROR]);
    expect((await accessLine(fixture.torus, path))['cause']).toBe('upstream.body.reset');
  });

  it('a response that comes before the end of the request ends the request without an error', async () => {
    const session = await fixture.session(listener);
    const path = `/${listener}-early`;
    const stream = open(session, path, 'POST');
    stream.write('some');
    const { response } = await heldAt(path);
    response.end('enough');
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    expect([Buffer.concat(pieces).toString(), stream.rstCode]).toEqual(['enough', 0]);
    expect((await accessLine(fixture.torus, path))['cause']).toBe('ok');
  });

  it('a body that pauses too long is answered 408', async () => {
    const session = await fixture.session(listener);
    const path = `/${listener}-gap`;
    const stream = open(session, path, 'POST');
    stream.write('some');
    const [headers] = (await once(stream, 'response')) as [Readonly<Record<string, unknown>>];
    expect(headers[':status']).toBe(408);
    stream.resume();
    await http2Closed(stream);
    expect((await accessLine(fixture.torus, path))['cause']).toBe('downstream.body.timeout');
  });

  it.each(['whole', 'streamed'])(
    'a client that opens no window for a %s response is cut after the write gap, and no other stream',
    async (kind) => {
      const session = await fixture.session(listener, { settings: { initialWindowSize: 0 } });
      const path = `/${listener}-window-${kind}`;
      const stream = open(session, path);
      const { response } = await heldAt(path);
      if (kind === 'whole') response.end('small');
      else response.write(BLOCK);
      await http2Closed(stream);
      expect(stream.rstCode).toBe(INTERNAL_ERROR);
      expect((await accessLine(fixture.torus, path))['cause']).toBe('downstream.response.timeout');
      const alive = open(session, `${path}-alive`);
      (await heldAt(`${path}-alive`)).response.writeHead(204).end();
      alive.resume();
      await http2Closed(alive);
      expect(alive.rstCode).toBe(0);
    },
  );
});

describe.each(['secure', 'plain'] as const)('%s: backpressure', (listener) => {
  it('a client that does not read one response stops its upstream, and no other', async () => {
    const session = await fixture.session(listener);
    await http2Ask(session, { ':path': '/now' });
    const before = rssBytes(fixture.torus.workers()[0]!);
    const path = `/${listener}-unread`;
    const stream = open(session, path);
    stream.pause();
    const { response } = await heldAt(path);
    // Within the write gap: the response is not cut yet.
    const taken = await fill(response);
    expect(taken).toBeLessThan(40 * MIB);
    expect(rssBytes(fixture.torus.workers()[0]!) - before).toBeLessThan(GROWTH_BYTES);
    expect((await http2Ask(session, { ':path': '/now' })).text()).toBe('now');
    stream.destroy(new Error('the client gave up'));
  });

  it('an upstream that does not read one request stops its client, and no other', async () => {
    const session = await fixture.session(listener);
    await http2Ask(session, { ':path': '/now' });
    const before = rssBytes(fixture.torus.workers()[0]!);
    const path = `/${listener}-unheard`;
    const stream = open(session, path, 'POST');
    const filled = fill(stream);
    const exchange = await heldAt(path);
    expect(await filled).toBeLessThan(40 * MIB);
    expect(rssBytes(fixture.torus.workers()[0]!) - before).toBeLessThan(GROWTH_BYTES);
    expect((await http2Ask(session, { ':path': '/now' })).text()).toBe('now');
    stream.destroy(new Error('the client gave up'));
    exchange.request.resume();
    await gone(exchange);
  });
});

it('responses that the upstream breaks off are no resets of the client', async () => {
  const session = await fixture.session();
  for (let index = 0; index < 300; index += 1) {
    const path = `/fragile-${String(index)}`;
    const answer = http2Ask(session, { ':path': path });
    const { request, response } = await heldAt(path);
    response.write('part', () => request.socket.destroy());
    expect((await answer).rstCode).toBe(INTERNAL_ERROR);
  }
  expect((await http2Ask(session, { ':path': '/now' })).text()).toBe('now');
});

it('a connection that has reached its number of requests is closed with GOAWAY', async () => {
  const closed = (reason: string): Promise<number> =>
    metricSum(fixture.torus, 'torus_sockets_closed_total', { reason });
  const before = await closed('request-limit');
  const client = await fixture.frames();
  for (let index = 0; index < 1000 && client.of(FRAME.goaway).length === 0; index += 1) {
    await client.request(1 + 2 * index, requestFields('/now'));
    await until(() => client.of(FRAME.data, 1 + 2 * index).length > 0 || client.of(FRAME.goaway).length > 0);
  }
  expect(await client.goaway()).toBe(0);
  await client.close();
  await until(async () => (await closed('request-limit')) === before + 1);
});

it('nothing is left open', async () => {
  await fixture.comeToRest();
});
