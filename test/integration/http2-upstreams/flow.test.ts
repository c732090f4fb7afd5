/** Flow control both ways: whoever is slow holds back the other side, and nobody's memory fills. */
import type { ServerHttp2Stream } from 'node:http2';
import {
  END_STREAM,
  rawClient,
  requestHead,
  rssBytes,
  startFrameUpstream,
  startHttp2Upstream,
  until,
  untilStill,
  type FrameUpstream,
  type Http2Upstream,
} from '../../support/index.js';
import { CLIENTS, startGateway, type Gateway } from './gateway.js';

const MEGABYTE = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'f');
/** The most that a frame may hold unless more is agreed on (RFC 9113 section 4.2). */
const FRAME_BYTES = 16 * 1024;
const LARGE_BYTES = 12 * MEGABYTE;

let upstream: Http2Upstream;
/** Sends a large response in one go, and closes. */
let leaving: FrameUpstream;
let gateway: Gateway;
/** Bytes that the upstream could write, or has read, of the stream under way. */
let moved = 0;
let latest: ServerHttp2Stream | undefined;

beforeAll(async () => {
  upstream = await startHttp2Upstream((stream, headers) => {
    moved = 0;
    latest = stream;
    switch (headers[':path']) {
      case '/endless':
        stream.respond({ ':status': 200 });
        pour(stream);
        return;
      case '/sink':
        // Nothing is read until the test says so.
        stream.pause();
        stream.on('end', () => {
          stream.respond({ ':status': 200 });
          stream.end(String(moved));
        });
        return;
      default:
        stream.respond({ ':status': 200 }, { endStream: true });
    }
  });
  leaving = await startFrameUpstream((server, stream) => {
    server.send(server.head(stream, [[':status', '200']]));
    const piece = 'l'.repeat(FRAME_BYTES);
    for (let at = 0; at < LARGE_BYTES; at += FRAME_BYTES) server.send(server.data(stream, piece));
    server.send(server.data(stream, '', END_STREAM));
    server.socket.end();
  });
  gateway = await startGateway({
    upstreams: {
      main: { endpoints: [upstream.url], protocol: 'http2' },
      leaving: {
        endpoints: [leaving.url],
        protocol: 'http2',
        http2: { streamWindow: '16MiB', connectionWindow: '16MiB' },
      },
    },
  });
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([upstream.close(), leaving.close()]);
});

/** Writes for as long as somebody takes it. */
const pour = (stream: ServerHttp2Stream): void => {
  while (!stream.destroyed) {
    moved += PIECE.length;
    if (!stream.write(PIECE)) {
      stream.once('drain', () => pour(stream));
      return;
    }
  }
};

/** Resolves with the count when it has not moved for a while. */
const settled = async (): Promise<number> => {
  let before = -1;
  let since = performance.now();
  return until(
    () => {
      if (moved !== before) since = performance.now();
      before = moved;
      return moved > 0 && performance.now() - since > 400 ? moved : undefined;
    },
    15_000,
    'the bytes to stop',
  );
};

it.each(CLIENTS)('a client that does not read holds the upstream back (%s)', async (client) => {
  const before = rssBytes(gateway.torus.workers()[0]!);
  if (client === 'http1') {
    const raw = await rawClient({ port: gateway.torus.port('plain') });
    raw.pause();
    await raw.send(requestHead('GET /main/endless'));
    await judge(before);
    await raw.close();
  } else {
    const http2 = await gateway.session();
    const stream = http2.request({ ':path': '/main/endless', ':authority': 'a' });
    stream.on('error', () => undefined);
    stream.pause();
    await judge(before);
    stream.destroy();
  }
  await until(() => latest!.destroyed);
});

const judge = async (beforeBytes: number): Promise<void> => {
  // What fits into the buffers of two kernels and the windows.
  expect(await settled()).toBeLessThan(24 * MEGABYTE);
  expect(rssBytes(gateway.torus.workers()[0]!) - beforeBytes).toBeLessThan(48 * MEGABYTE);
};

it('one client that does not read holds back nobody else on the same connection', async () => {
  const raw = await rawClient({ port: gateway.torus.port('plain') });
  raw.pause();
  await raw.send(requestHead('GET /main/endless'));
  await settled();
  const answer = await gateway.ask('http1', '/main/other');
  expect(answer.status).toBe(200);
  expect(upstream.openSockets).toBe(1);
  await raw.close();
});

it.each(CLIENTS)('an upstream that does not read holds the client back (%s)', async (client) => {
  let sent = 0;
  let finished: Promise<string>;
  if (client === 'http1') {
    const raw = await gateway.connect();
    await raw.send(requestHead('POST /main/sink', `Content-Length: ${String(LARGE_BYTES * 3)}`));
    finished = raw.response({ timeoutMs: 20_000 }).then((response) => response.text());
    void (async () => {
      for (; sent < LARGE_BYTES * 3; sent += PIECE.length) await raw.send(PIECE);
    })();
  } else {
    const http2 = await gateway.session();
    const stream = http2.request({ ':method': 'POST', ':path': '/main/sink', ':authority': 'a' });
    let text = '';
    stream.on('data', (piece: Buffer) => (text += piece.toString()));
    finished = new Promise((resolve) => stream.once('end', () => resolve(text)));
    const write = (): void => {
      while (sent < LARGE_BYTES * 3) {
        sent += PIECE.length;
        if (!stream.write(PIECE)) {
          stream.once('drain', write);
          return;
        }
      }
      stream.end();
    };
    write();
  }
  expect(await untilStill(() => sent, 400, 15_000)).toBeLessThan(LARGE_BYTES * 2);
  latest!.on('data', (piece: Buffer) => (moved += piece.length));
  latest!.resume();
  expect(await finished).toBe(String(LARGE_BYTES * 3));
});

it('a whole response that waits for a slow client outlives the connection it came on', async () => {
  const raw = await rawClient({ port: gateway.torus.port('plain') });
  raw.pause();
  await raw.send(requestHead('GET /leaving/large'));
  await until(() => leaving.acceptedSockets === 1);
  await leaving.whenOpenSockets(0);
  raw.resume();
  const response = await raw.response({ timeoutMs: 10_000 });
  expect([response.end, response.body.length]).toEqual(['complete', LARGE_BYTES]);
  await raw.close();
});
