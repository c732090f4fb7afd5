/** How long a client may take: for a head, between body bytes, between requests, to read a response, to shake hands. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { BUSY_MS, metricSum, requestHead, until } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from '../messages/messages-fixture.js';

// A machine that is busy elsewhere must not look like a client that is slow.
const HEAD_MS = 1_000;
const GAP_MS = 1_000;
const KEEP_ALIVE_MS = 1_500;
/** Bytes of a body that must come each second. */
const RATE = 100;

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture(
    {
      routes: [
        { name: 'all', match: { path: '/*' }, upstream: 'recorder' },
        { name: 'away', match: { path: '/away' }, filters: [{ redirect: { location: '/' } }] },
      ],
    },
    {
      limits: { bodyRate: `${String(RATE)}B` },
      timeouts: {
        requestHead: `${String(HEAD_MS)}ms`,
        bodyGap: `${String(GAP_MS)}ms`,
        writeGap: `${String(GAP_MS)}ms`,
        keepAlive: `${String(KEEP_ALIVE_MS)}ms`,
        tlsHandshake: `${String(HEAD_MS)}ms`,
      },
    },
  );
});
afterAll(() => fixture.stop());

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends a byte, or another small piece, each 50 ms until the peer says something or ends. */
const trickle = async (
  client: Awaited<ReturnType<MessagesFixture['connect']>>,
  pieces: Iterable<string>,
): Promise<void> => {
  for (const piece of pieces) {
    if (client.receivedBytes > 0 || client.socket.readableEnded) return;
    await client.send(piece);
    await delay(50);
  }
};

describe.each(LISTENERS)('on the %s listener', (listener) => {
  it('a head has one deadline, however steadily its bytes trickle: 408, and closed', async () => {
    const client = await fixture.connect(listener);
    const startedAt = performance.now();
    await trickle(client, requestHead('GET /slow', 'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'));
    const response = await client.response();
    const tookMs = performance.now() - startedAt;
    expect([response.status, response.field('connection')]).toEqual([408, 'close']);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.head.timeout' });
    expect(tookMs).toBeGreaterThanOrEqual(HEAD_MS - 60);
    expect(tookMs).toBeLessThan(HEAD_MS + BUSY_MS);
    expect(await client.ended()).toBe('fin');
  });

  it('the head of a later request has the same deadline, counted from its first byte', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(requestHead('GET /first'))).status).toBe(200);
    await delay(HEAD_MS + 100);
    const startedAt = performance.now();
    await client.send('GET /sec');
    expect((await client.response()).status).toBe(408);
    expect(performance.now() - startedAt).toBeLessThan(HEAD_MS + BUSY_MS);
  });

  it('and so has the beginning of a head that came behind a request answered at once', async () => {
    const client = await fixture.connect(listener);
    const startedAt = performance.now();
    await client.send(`${requestHead('GET /away')}GET /half`);
    expect((await client.response()).status).toBe(308);
    expect((await client.response()).status).toBe(408);
    expect(performance.now() - startedAt).toBeLessThan(HEAD_MS + BUSY_MS);
  });

  it('a client that says nothing at all is closed without an answer', async () => {
    const client = await fixture.connect(listener);
    expect(await client.ended(HEAD_MS + BUSY_MS)).toBe('fin');
    expect(client.receivedBytes).toBe(0);
  });

  it('a body may pause no longer than its gap: 408, and the upstream request is broken off', async () => {
    const client = await fixture.connect(listener);
    const startedAt = performance.now();
    await client.send(`${requestHead('POST /gap', 'Content-Length: 10')}abc`);
    const response = await client.response();
    expect([response.status, response.field('connection')]).toEqual([408, 'close']);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.body.timeout' });
    expect(performance.now() - startedAt).toBeLessThan(GAP_MS + BUSY_MS);
    const { socket } = await fixture.upstream.request('/gap');
    await until(() => socket.closed || socket.destroyed || socket.readableEnded);
  });

  it('a slow body has no deadline as long as its bytes keep coming at the slowest rate', async () => {
    const client = await fixture.connect(listener);
    const piece = 'slow, but alive.';
    const pieces = 25;
    await client.send(requestHead('POST /steady', `Content-Length: ${String(pieces * piece.length)}`));
    for (let sent = 0; sent < pieces; sent += 1) {
      await client.send(piece);
      await delay(60);
    }
    expect((await client.response()).status).toBe(200);
    expect((await fixture.upstream.request('/steady')).wire.toString()).toBe(piece.repeat(pieces));
  });

  it.each([
    ['of known length', 'Content-Length: 1000', 'x'],
    ['in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
  ])(
    'a body %s that trickles, each byte well within the gap, is answered 408 all the same',
    async (_title, framing, piece) => {
      const client = await fixture.connect(listener);
      const startedAt = performance.now();
      await client.send(requestHead('POST /trickle', framing));
      await trickle(client, new Array<string>(40).fill(piece));
      const response = await client.response();
      expect([response.status, response.field('connection')]).toEqual([408, 'close']);
      expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.body.timeout' });
      // Longer than a gap: each byte had earned a little more time.
      expect(performance.now() - startedAt).toBeGreaterThan(GAP_MS);
      await fixture.torus.waitForLog((line) => line['path'] === '/trickle' && line['detail'] === 'body-rate');
    },
  );

  it('an idle connection is kept, and closed after its time', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(requestHead('GET /idle'))).status).toBe(200);
    const startedAt = performance.now();
    expect(await client.ended()).toBe('fin');
    const tookMs = performance.now() - startedAt;
    expect(tookMs).toBeGreaterThanOrEqual(KEEP_ALIVE_MS - 60);
    expect(tookMs).toBeLessThan(KEEP_ALIVE_MS + BUSY_MS);
  });

  it('a client that stops reading a response is cut, and the upstream with it', async () => {
    fixture.upstream.reply('/endless', ({ socket }) => {
      const piece = 'x'.repeat(64 * 1024);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(2 ** 40)}\r\n\r\n`);
      const fill = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', fill);
      fill();
    });
    const client = await fixture.connect(listener);
    client.pause();
    await client.send(requestHead('GET /endless'));
    const { socket } = await fixture.upstream.request('/endless');
    await until(() => socket.destroyed || socket.closed, 10_000, 'the upstream to be let go');
    const line = await fixture.torus.waitForLog(
      (at) => at['path'] === '/endless' && at['cause'] === 'downstream.response.timeout',
    );
    expect(line).toMatchObject({ status: 200 });
  });
});

it('a TLS handshake that does not end is cut and counted', async () => {
  const socket = connect({ port: fixture.torus.port('secure'), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const startedAt = performance.now();
  // The beginning of a record, and never the rest.
  socket.write(Buffer.from([0x16, 0x03, 0x01]));
  socket.resume();
  await once(socket, 'close');
  expect(performance.now() - startedAt).toBeLessThan(HEAD_MS + BUSY_MS);
  await until(async () => (await metricSum(fixture.torus, 'torus_tls_handshake_failures_total')) >= 1);
});
