/** What costs a client nothing and the gateway something ends the connection, and is counted by its reason. */
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  hpack,
  http2Ask,
  metricSum,
  requestFields,
  startHttpUpstream,
  uint32,
  until,
  whenNothingIsOpen,
  type FrameClient,
  type TestUpstream,
} from '../../support/index.js';
import { startHttp2Fixture, type Http2Fixture } from './http2-fixture.js';

const CANCEL = uint32(8);
const NO_ERROR = 0;

let upstream: TestUpstream;
let fixture: Http2Fixture;
let reached = 0;

beforeAll(async () => {
  upstream = await startHttpUpstream((request, response) => {
    reached += 1;
    request.resume();
    if (request.url === '/now') response.end('now');
  });
  fixture = await startHttp2Fixture(upstream);
});
afterAll(() => fixture.stop());

type Flood = (index: number) => Buffer;

/** Sends until the gateway ends it, at most `count` pieces of a hundred frames. */
const flood = async (client: FrameClient, of: Flood, count: number): Promise<void> => {
  for (let piece = 0; piece < count && !client.ended; piece += 1) {
    await client.send(...Array.from({ length: 100 }, (_, index) => of(piece * 100 + index)));
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const HEADERS = hpack(requestFields('/held'));
const OPEN = frame(FRAME.headers, END_HEADERS, 1, HEADERS);
const UNFINISHED = frame(FRAME.headers, 0, 1, HEADERS);

describe.each(['secure', 'plain'] as const)('%s: a client that floods', (listener) => {
  it.each<readonly [string, string, Buffer | undefined, Flood]>([
    [
      'resets',
      'reset-flood',
      undefined,
      (index) =>
        Buffer.concat([
          frame(FRAME.headers, END_HEADERS | END_STREAM, 1 + 2 * index, HEADERS),
          frame(FRAME.rstStream, 0, 1 + 2 * index, CANCEL),
        ]),
    ],
    ['PING', 'control-flood', undefined, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', 'control-flood', undefined, () => frame(FRAME.settings)],
    ['empty DATA', 'frame-flood', OPEN, () => frame(FRAME.data, 0, 1)],
    ['CONTINUATION', 'frame-flood', UNFINISHED, () => frame(FRAME.continuation, 0, 1, hpack([['x', 'y']]))],
    ['empty CONTINUATION', 'frame-flood', UNFINISHED, () => frame(FRAME.continuation, 0, 1)],
  ])('%s is ended as %s', async (_title, reason, first, of) => {
    const count = async (): Promise<number> => {
      // Several in one read are refused by Node as streams too many, before anybody counts their resets.
      const reasons = reason === 'reset-flood' ? [reason, 'stream-flood'] : [reason];
      const closed = reasons.map((one) =>
        metricSum(fixture.torus, 'torus_sockets_closed_total', { owner: listener, reason: one }),
      );
      return (await Promise.all(closed)).reduce((sum, one) => sum + one);
    };
    const before = await count();
    const client = await fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
    if (first !== undefined) await client.send(first);
    await flood(client, of, 100);
    // Which code it is depends on who was first, nghttp2 or Torus; the reset of the connection may overtake it.
    expect(await client.goaway()).not.toBe(NO_ERROR);
    await client.close();
    await until(async () => (await count()) === before + 1);
    await whenNothingIsOpen(fixture.torus);
  });

  it.each<readonly [string, Buffer | undefined, Buffer]>([
    ['WINDOW_UPDATE', undefined, frame(FRAME.windowUpdate, 0, 0, uint32(1))],
    ['PRIORITY', undefined, frame(FRAME.priority, 0, 3, Buffer.from([0, 0, 0, 0, 1]))],
    ['unknown frames', undefined, frame(0xee, 0, 0, Buffer.alloc(16))],
    ['padding', OPEN, frame(FRAME.data, 8, 1, Buffer.concat([Buffer.from([200, 65]), Buffer.alloc(200)]))],
    ['DATA of one byte', OPEN, frame(FRAME.data, 0, 1, Buffer.from('a'))],
  ])('%s is ended as overhead-flood', async (title, first, one) => {
    const count = (): Promise<number> =>
      metricSum(fixture.torus, 'torus_sockets_closed_total', { owner: listener, reason: 'overhead-flood' });
    const before = await count();
    const client = await fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
    if (first !== undefined) await client.send(first);
    // Enough of it, and no more than flow control allows.
    await flood(client, () => one, title === 'padding' ? 14 : Math.ceil(600_000 / one.length / 100));
    expect(await client.goaway()).not.toBe(NO_ERROR);
    await client.close();
    await until(async () => (await count()) === before + 1);
    await whenNothingIsOpen(fixture.torus);
  });
});

it('requests that are reset at once reach no upstream', async () => {
  const before = reached;
  const client = await fixture.frames();
  for (let index = 0; index < 50; index += 1)
    await client.send(
      frame(FRAME.headers, END_HEADERS | END_STREAM, 1 + 2 * index, HEADERS),
      frame(FRAME.rstStream, 0, 1 + 2 * index, CANCEL),
    );
  await client.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  await client.frame(FRAME.ping);
  expect(reached - before).toBeLessThan(50);
  await client.close();
  await whenNothingIsOpen(fixture.torus);
});

it('a client that pings as fast as its data comes is no flood', async () => {
  const session = await fixture.session();
  for (let round = 0; round < 300; round += 1) {
    const pings = Array.from(
      { length: 2 },
      () => new Promise<void>((resolve) => session.ping(() => resolve())),
    );
    const [answer] = await Promise.all([http2Ask(session, { ':path': '/now' }), ...pings]);
    expect(answer.text()).toBe('now');
  }
});
