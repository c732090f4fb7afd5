/** How much one connection, and how many connections, a worker takes. */
import { metricSum, requestHead, rssBytes, until, type RawClient } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from '../messages/messages-fixture.js';

const CAP = 6;
const REQUESTS = 3;

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture(
    { limits: { maxConnections: CAP } },
    { limits: { requestsPerConnection: REQUESTS, connectionAge: '1h' } },
  );
});
afterAll(() => fixture.stop());

it.each(LISTENERS)(
  'the last request a connection may carry is told so on the %s listener',
  async (listener) => {
    const client = await fixture.connect(listener);
    const options = [];
    for (let index = 0; index < REQUESTS; index += 1)
      options.push((await client.exchange(requestHead('GET /count'))).field('connection'));
    expect(options).toEqual([undefined, undefined, 'close']);
    expect(await client.ended()).toBe('fin');
    await client.close();
  },
);

it('connections beyond the cap are refused and counted, over all listeners of the worker, and the cap is logged', async () => {
  await fixture.torus.waitForLog((line) => line['maxConnections'] === CAP);
  await until(
    async () => (await metricSum(fixture.torus, 'torus_sockets_open', { side: 'downstream' })) === 0,
  );
  const clients: RawClient[] = [];
  for (let index = 0; index < CAP; index += 1)
    clients.push(await fixture.connect(index % 2 === 0 ? 'plain' : 'secure'));
  for (const client of clients) expect((await client.exchange(requestHead('GET /in'))).status).toBe(200);
  const refused = await fixture.connect('plain');
  await refused.ended();
  expect(refused.receivedBytes).toBe(0);
  await expect(fixture.connect('secure')).rejects.toThrow();
  expect(await metricSum(fixture.torus, 'torus_connections_refused_total', { reason: 'cap' })).toBe(2);
  const told = await fixture.torus.waitForLog('Connections refused');
  expect(told).toMatchObject({ level: 'warn', listener: 'plain', reason: 'cap', refused: 1 });
  for (const client of clients) expect((await client.exchange(requestHead('GET /still'))).status).toBe(200);
  await clients[0]?.close();
  await until(async () => {
    const next = await fixture.connect('secure').catch(() => undefined);
    if (next === undefined) return false;
    const { status } = await next.exchange(requestHead('GET /freed'));
    await next.close();
    return status === 200;
  });
  await Promise.all(clients.map((client) => client.close()));
});

describe('an old connection', () => {
  it('is closed after the response that finds it old', async () => {
    const aged = await startMessagesFixture({}, { limits: { connectionAge: '200ms' } });
    const client = await aged.connect();
    expect((await client.exchange(requestHead('GET /young'))).field('connection')).toBeUndefined();
    await until(async () => (await client.exchange(requestHead('GET /old'))).field('connection') === 'close');
    expect(await client.ended()).toBe('fin');
    await aged.stop();
  });
});

describe('a flood of pipelined requests', () => {
  it('is read no further than a bounded distance ahead of its answers', async () => {
    const flooded = await startMessagesFixture();
    flooded.upstream.reply('/hang', () => undefined);
    const client = await flooded.connect();
    const [worker = 0] = flooded.torus.workers();
    await client.send(requestHead('GET /hang'));
    await flooded.upstream.request('/hang');
    const before = rssBytes(worker);
    const piece = requestHead('GET /flood').repeat(1_500);
    let offered = 0;
    while (offered < 64 * 1024 * 1024 && client.socket.writableLength < 8 * 1024 * 1024) {
      client.socket.write(piece);
      offered += piece.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const taken = (): number => client.socket.bytesWritten - client.socket.writableLength;
    let last = -1;
    await until(async () => {
      const settled = taken() === last;
      last = taken();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return settled;
    });
    // What the kernel's own buffers hold is not Torus's: they end at a few megabytes.
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(rssBytes(worker) - before).toBeLessThan(32 * 1024 * 1024);
    expect(flooded.upstream.requests).toHaveLength(1);
    await client.close();
    await flooded.stop();
  });

  it('whose answers nobody reads stops being served', async () => {
    const deaf = await startMessagesFixture({}, { timeouts: { writeGap: '300ms' } });
    deaf.upstream.reply('/fat', `HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n${'f'.repeat(30_000)}`);
    const client = await deaf.connect();
    client.pause();
    client.socket.write(requestHead('GET /fat').repeat(900));
    await deaf.torus.waitForLog((line) => line['cause'] === 'downstream.response.timeout', 15_000);
    expect(deaf.upstream.requests.length).toBeLessThan(900);
    await client.close();
    await deaf.stop();
  }, 20_000);
});
