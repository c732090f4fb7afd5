/** Nothing is held back and nothing is held for long: first bytes at once, slow but steady bodies pass, stalled clients go. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  accessLine,
  rawClient,
  requestHead,
  startHttpUpstream,
  startScriptedUpstream,
  startTorus,
  until,
  whenNothingIsOpen,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const bodies: string[] = [];
const WRITE_GAP_MS = 1_000;
const BODY_GAP_MS = 1_000;

let torus: RunningTorus;
let upstream: TestUpstream;
let echoing: TestUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream({
    sse: ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
      setTimeout(() => socket.write('data: one\n\n'), 50);
    },
    head: ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    flood: ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const block = `100000\r\n${'x'.repeat(2 ** 20)}\r\n`;
      const pump = (): void => void socket.write(block, (error) => (error ? undefined : pump()));
      pump();
    },
    collect: async ({ socket, body, path, next }) => {
      bodies.push(`${path} begins`);
      bodies.push((await body(10)).toString());
      bodies.push((await body(10)).toString());
      next();
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
    whole: ({ socket, next }) => {
      next();
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
  });
  echoing = await startHttpUpstream(async ({ url }, response) => {
    const turns = Number(url?.split('/').at(-1));
    for (let turn = 0; turn < turns % 5; turn += 1) {
      response.write(`part ${String(turn)} of ${String(url)}\n`);
      await delay(turns % 7);
    }
    response.end(`end of ${String(url)}`);
  });
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        {
          name: 'plain',
          address: '127.0.0.1:0',
          // Less than the slow upload below brings.
          limits: { bodyRate: '10B' },
          timeouts: {
            writeGap: `${String(WRITE_GAP_MS)}ms`,
            bodyGap: `${String(BODY_GAP_MS)}ms`,
            requestHead: '1s',
          },
        },
      ],
      admin: { address: '127.0.0.1:0' },
      upstreams: { scripted: { endpoints: [upstream.url] }, echoing: { endpoints: [echoing.url] } },
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'scripted',
          timeouts: { responseHead: '1s', idle: '5s' },
        },
        { name: 'own', match: { path: '/own/*' }, upstream: 'echoing' },
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstream.close(), echoing.close()]);
});

it('the head of an event stream arrives before its first event, and each event at once', async () => {
  await using client = await rawClient({ port: torus.port() });
  await client.send(requestHead('GET /head'));
  await client.readUntil('\r\n\r\n');
  await using other = await rawClient({ port: torus.port() });
  await other.send(requestHead('GET /sse'));
  await other.readUntil('data: one');
});

it('the first bytes of a request body reach the upstream before the others are sent', async () => {
  bodies.length = 0;
  await using client = await rawClient({ port: torus.port() });
  await client.send(`${requestHead('POST /collect', 'Content-Length: 20')}first half`);
  await until(() => bodies.includes('first half'));
  expect((await client.exchange('other half')).text()).toBe('ok');
  expect(bodies).toEqual(['/collect begins', 'first half', 'other half']);
});

it('a slow upload passes while bytes keep flowing, however much longer than every timeout it takes', async () => {
  bodies.length = 0;
  await using client = await rawClient({ port: torus.port() });
  const startedAt = performance.now();
  await client.send(requestHead('POST /collect', 'Content-Length: 20'));
  for (let count = 0; count < 20; count += 1) {
    await delay(110);
    await client.send('x');
  }
  expect((await client.response()).status).toBe(200);
  expect(performance.now() - startedAt).toBeGreaterThan(2 * BODY_GAP_MS);
});

it('a client that takes nothing of its response for the write gap is cut, and its upstream with it', async () => {
  const client = await rawClient({ port: torus.port() });
  await client.send(requestHead('GET /flood'));
  client.pause();
  const startedAt = performance.now();
  expect(await accessLine(torus, '/flood', 10_000)).toMatchObject({ cause: 'downstream.response.timeout' });
  expect(performance.now() - startedAt).toBeGreaterThan(WRITE_GAP_MS - 50);
  await whenNothingIsOpen(torus);
  await client.close();
});

it('a client that reads slowly, but reads, is not cut', async () => {
  const client = await rawClient({ port: torus.port() });
  await client.send(requestHead('GET /flood/slow'));
  const until3Gaps = performance.now() + 3 * WRITE_GAP_MS;
  while (performance.now() < until3Gaps) {
    client.pause();
    await delay(100);
    client.resume();
    await delay(20);
    await client.readBytes(client.unread.length);
  }
  expect(client.socket.destroyed).toBe(false);
  client.reset();
  await accessLine(torus, '/flood/slow');
  await whenNothingIsOpen(torus);
});

it('a reset after the whole response is no error: the exchange had ended well', async () => {
  const client = await rawClient({ port: torus.port() });
  expect((await client.exchange(requestHead('GET /whole/1'))).text()).toBe('ok');
  client.reset();
  expect(await accessLine(torus, '/whole/1')).toMatchObject({ status: 200, cause: 'ok' });
});

it('60 clients at once each get their own answers', async () => {
  const ask = async (number: number): Promise<void> => {
    await using client = await rawClient({ port: torus.port() });
    for (let turn = 0; turn < 5; turn += 1) {
      const path = `/own/${String(number)}/${String(turn + number)}`;
      const response = await client.exchange(requestHead(`GET ${path}`));
      expect(response.end).toBe('complete');
      const lines = response.text().split('\n');
      expect(lines.pop()).toBe(`end of ${path}`);
      expect(lines).toEqual(lines.map((_line, part) => `part ${String(part)} of ${path}`));
    }
  };
  await Promise.all(Array.from({ length: 60 }, (_, number) => ask(number)));
});
