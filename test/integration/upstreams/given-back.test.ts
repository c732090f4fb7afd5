/** A connection that an exchange has given back is out of its reach, however the exchange ends. */
import {
  metricSum,
  rawClient,
  startScriptedUpstream,
  startTorus,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/** Comes in one read, so that the connection is free again before the client has taken anything. */
const BODY = 'x'.repeat(40_000);
/** More than the kernel's buffers on the way take. */
const REQUESTS = 900;

let torus: RunningTorus;
let upstream: TestUpstream;
const held: (() => void)[] = [];
let served = 0;

beforeAll(async () => {
  upstream = await startScriptedUpstream({
    big: ({ socket, next }) => {
      served += 1;
      next();
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(BODY.length)}\r\n\r\n${BODY}`);
    },
    held: ({ socket, next }) => {
      held.push(() => {
        next();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    },
  });
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { one: { endpoints: [upstream.url] } },
      routes: [{ name: 'one', match: { path: '/*' }, upstream: 'one' }],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

/** Resolves when the count has not moved for a while. */
const settled = async (count: () => number): Promise<void> => {
  let last = -1;
  let since = performance.now();
  await until(() => {
    if (count() !== last) [last, since] = [count(), performance.now()];
    return performance.now() - since > 300;
  });
};

it('a client that leaves while its whole response waits does not cut the exchange that has the connection now', async () => {
  const slow = await rawClient({ port: torus.port() });
  slow.pause();
  void slow.send('GET /big HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(REQUESTS));
  await until(() => served > 0);
  await settled(() => served);
  expect(served).toBeLessThan(REQUESTS);
  expect(upstream.openSockets).toBe(1);

  await using other = await rawClient({ port: torus.port() });
  await other.send('GET /held HTTP/1.1\r\nHost: a\r\n\r\n');
  await until(() => held.length === 1);
  expect(upstream.acceptedSockets).toBe(1);
  slow.reset();
  await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === 1);
  held[0]!();
  expect((await other.response({ timeoutMs: 3_000 })).text()).toBe('ok');
});
