/** Peers that send or take as little, as much or as oddly as they can: each meets a limit, and each limit counts. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  closeHttp2,
  http2Ask,
  http2Session,
  metricSum,
  requestHead,
  until,
  type MetricLabels,
  type RawClient,
} from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from '../messages/messages-fixture.js';

const REQUESTS = 10;
const TIMEOUT_MS = 400;
const MIB = 1024 * 1024;
const ONE_BYTE_CHUNKS = '1\r\nx\r\n'.repeat(MIB);

let fixture: MessagesFixture;
beforeAll(async () => {
  const short = `${String(TIMEOUT_MS)}ms`;
  fixture = await startMessagesFixture(
    {
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'recorder',
          timeouts: { responseHead: short, idle: short },
        },
        {
          name: 'deadline',
          match: { path: '/deadline/*' },
          upstream: 'recorder',
          timeouts: { request: short },
        },
      ],
    },
    {
      limits: { requestsPerConnection: REQUESTS },
      timeouts: {
        requestHead: short,
        bodyGap: short,
        writeGap: short,
        tlsHandshake: short,
        keepAlive: '20s',
      },
    },
  );
});
afterAll(() => fixture.stop());

const causeOf = (body: string): unknown => (JSON.parse(body) as Record<string, unknown>)['cause'];

/** Runs `attack` and resolves once the counter has grown by one. */
const counted = async (name: string, labels: MetricLabels, attack: () => Promise<void>): Promise<void> => {
  const before = await metricSum(fixture.torus, name, labels);
  await attack();
  await until(async () => (await metricSum(fixture.torus, name, labels)) === before + 1, 5_000, name);
};

const ended = (cause: string): readonly [string, MetricLabels] => ['torus_http_requests_total', { cause }];
const refused = (cause: string): readonly [string, MetricLabels] => [
  'torus_rejected_requests_total',
  { cause },
];

/** Writes a piece each 20 ms until the other side has enough. */
const writeSteadily = (socket: Socket, piece: string): void => {
  const timer = setInterval(() => socket.write(piece), 20);
  socket.once('close', () => clearInterval(timer));
  socket.once('end', () => clearInterval(timer));
};

const answerOf = async (
  client: RawClient,
  bytes: string | Uint8Array,
): Promise<readonly [number, unknown]> => {
  const response = await client.exchange(bytes);
  return [response.status, causeOf(response.text())];
};

describe.each(LISTENERS)('a client on the %s listener', (listener) => {
  it('that sends a megabyte in chunks of one byte is answered 400 before a tenth of it was taken', () =>
    counted(...ended('downstream.body.overhead'), async () => {
      const client = await fixture.connect(listener);
      await client.send(`${requestHead('POST /tiny', 'Transfer-Encoding: chunked')}1\r\nx\r\n`);
      await fixture.upstream.request('/tiny');
      expect(await answerOf(client, ONE_BYTE_CHUNKS)).toEqual([400, 'downstream.body.overhead']);
      const line = await fixture.torus.waitForLog((at) => at['detail'] === 'chunk-overhead');
      expect(line['requestBytes']).toBeLessThan(MIB / 10);
    }));

  it('that sends nothing at all is closed without an answer', () =>
    counted('torus_sockets_closed_total', { side: 'downstream', reason: 'idle' }, async () => {
      const client = await fixture.connect(listener);
      expect([await client.ended(), client.receivedBytes]).toEqual(['fin', 0]);
    }));

  it('that sends blank lines is answered 400', () =>
    counted(...refused('downstream.head.malformed'), async () => {
      const client = await fixture.connect(listener);
      expect(await answerOf(client, '\r\n'.repeat(100_000))).toEqual([400, 'downstream.head.malformed']);
    }));

  it('that floods chunk extensions is answered 400', () =>
    counted(...ended('downstream.body.overhead'), async () => {
      const client = await fixture.connect(listener);
      await client.send(`${requestHead('POST /extensions', 'Transfer-Encoding: chunked')}1\r\nx\r\n`);
      await fixture.upstream.request('/extensions');
      expect(await answerOf(client, `1;${'a'.repeat(MIB)}`)).toEqual([400, 'downstream.body.overhead']);
    }));

  it('that trickles a head is answered 408', () =>
    counted(...refused('downstream.head.timeout'), async () => {
      const client = await fixture.connect(listener);
      await client.send('GET / HTTP/1.1\r\n');
      writeSteadily(client.socket, 'X-A: b\r\n');
      const response = await client.response();
      expect([response.status, causeOf(response.text())]).toEqual([408, 'downstream.head.timeout']);
    }));

  it('that trickles a body is answered 408', () =>
    counted(...ended('downstream.body.timeout'), async () => {
      const client = await fixture.connect(listener);
      await client.send(requestHead('POST /trickle', 'Content-Length: 10000'));
      writeSteadily(client.socket, 'x');
      const response = await client.response();
      expect([response.status, causeOf(response.text())]).toEqual([408, 'downstream.body.timeout']);
    }));

  it('that floods fields is answered 431', () =>
    counted(...refused('downstream.head.too-large'), async () => {
      const client = await fixture.connect(listener);
      const flood = `GET / HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(100_000)}`;
      expect(await answerOf(client, flood)).toEqual([431, 'downstream.head.too-large']);
    }));

  it('that floods trailers is answered 400', () =>
    counted(...ended('downstream.body.malformed'), async () => {
      const client = await fixture.connect(listener);
      await client.send(`${requestHead('POST /trailers', 'Transfer-Encoding: chunked')}1\r\nx\r\n`);
      await fixture.upstream.request('/trailers');
      expect(await answerOf(client, `0\r\n${'X-A: b\r\n'.repeat(100_000)}`)).toEqual([
        400,
        'downstream.body.malformed',
      ]);
    }));

  it('that floods requests is served so many, then its connection closes', () =>
    counted('torus_sockets_closed_total', { side: 'downstream', reason: 'request-limit' }, async () => {
      const client = await fixture.connect(listener);
      const before = fixture.upstream.requests.length;
      client.socket.write(requestHead('GET /flood').repeat(5 * REQUESTS));
      let served = 0;
      for (let last = false; !last; served += 1)
        last = (await client.response()).field('connection') === 'close';
      expect(await client.ended()).toBe('fin');
      expect(served).toBeGreaterThanOrEqual(0.9 * REQUESTS);
      expect(served).toBeLessThanOrEqual(REQUESTS);
      expect(fixture.upstream.requests.length - before).toBe(served);
    }));
});

it('a client that reads a little of a response again and again is cut, and the upstream with it', () =>
  counted(...ended('downstream.response.timeout'), async () => {
    fixture.upstream.reply('/endless', ({ socket }) => {
      const piece = 'x'.repeat(64 * 1024);
      const fill = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(2 ** 40)}\r\n\r\n`);
      socket.on('drain', fill);
      fill();
    });
    let readBytes = 0;
    const onread = {
      buffer: Buffer.alloc(512),
      callback: (length: number): boolean => {
        readBytes += length;
        return false; // pauses until the next sip
      },
    };
    const socket = connect({ port: fixture.torus.port('plain'), host: '127.0.0.1', onread });
    socket.on('error', () => undefined); // the reset that ends it
    await once(socket, 'connect');
    socket.write(requestHead('GET /endless'));
    const sips = setInterval(() => socket.resume(), 10);
    const { socket: upstreamSocket } = await fixture.upstream.request('/endless');
    await until(() => upstreamSocket.destroyed || upstreamSocket.closed, 10_000, 'the upstream to be let go');
    clearInterval(sips);
    expect(readBytes).toBeGreaterThan(2 * 512);
    socket.destroy();
  }));

it('a client that trickles the handshake of TLS is cut', () =>
  counted(...refused('downstream.tls.timeout'), async () => {
    const socket = connect({ port: fixture.torus.port('secure'), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    // A record of 512 bytes that would hold a ClientHello of 508.
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]));
    writeSteadily(socket, '\0');
    socket.resume();
    await once(socket, 'close');
  }));

describe('an upstream', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\n';
  const interim = 'HTTP/1.1 103 Early Hints\r\n\r\n';

  it.each([
    ['a megabyte in chunks of one byte', 'upstream.body.overhead', ONE_BYTE_CHUNKS],
    ['interim responses without an end', 'upstream.head.malformed', interim.repeat(1_000)],
    [
      'fields without an end',
      'upstream.head.too-large',
      'HTTP/1.1 200 OK\r\n' + 'X-A: b\r\n'.repeat(100_000),
    ],
  ])('that sends %s is cut', async (title, cause, bytes) => {
    await counted(...ended(cause), async () => {
      const isBody = cause.includes('.body.');
      const head = isBody ? `${HEAD}Transfer-Encoding: chunked\r\n\r\n` : '';
      fixture.upstream.reply('/hostile', head + bytes);
      const client = await fixture.connect();
      const response = await client.exchange(requestHead('GET /hostile'));
      // A streamed body has begun when it turns out to be what it is: the client must see it break.
      if (!isBody) expect([response.status, causeOf(response.text())]).toEqual([502, cause]);
      else {
        expect([response.status, response.end === 'complete']).toEqual([200, false]);
        expect(response.body.length).toBeLessThan(MIB / 10);
      }
    });
    const { socket } = await fixture.upstream.request('/hostile');
    await until(() => socket.closed || socket.destroyed || socket.readableEnded, 5_000, title);
  });

  it.each([
    ['fields', `${HEAD}X-First: 1\r\n`, 'X-A: b\r\n'],
    ['interim responses', '', interim],
  ])('that trickles %s is answered for with 504: no byte moves the deadline', (_title, first, piece) =>
    counted(...ended('upstream.head.timeout'), async () => {
      fixture.upstream.reply('/trickles', ({ socket }) => {
        socket.write(first);
        writeSteadily(socket, piece);
      });
      const client = await fixture.connect();
      const response = await client.exchange(requestHead('GET /trickles'));
      expect([response.status, causeOf(response.text())]).toEqual([504, 'upstream.head.timeout']);
    }),
  );

  // Made before the head is sent: the gateway waits for it no longer than the gap.
  const upload = Buffer.alloc(64 * MIB);

  it('that does not read a request is given up', () =>
    counted(...ended('upstream.request.timeout'), async () => {
      fixture.upstream.reply('/deaf', ({ socket }) => void socket.pause(), 'head');
      const client = await fixture.connect();
      await client.send(requestHead('POST /deaf', `Content-Length: ${String(upload.length)}`));
      await fixture.upstream.request('/deaf');
      expect(await answerOf(client, upload)).toEqual([504, 'upstream.request.timeout']);
    }));

  it('that does not read a request of HTTP/2 is given up', () =>
    counted(...ended('upstream.request.timeout'), async () => {
      fixture.upstream.reply('/deaf/2', ({ socket }) => void socket.pause(), 'head');
      // Node would not hold so much for one session.
      const options = { maxSessionMemory: 1000 };
      const session = await http2Session({ port: fixture.torus.port('secure'), options });
      const answer = await http2Ask(session, { ':path': '/deaf/2' }, upload);
      expect([answer.status, causeOf(answer.text())]).toEqual([504, 'upstream.request.timeout']);
      await closeHttp2(session);
    }));

  it('that trickles a body is cut at the deadline of the route, where it has one', () =>
    counted(...ended('upstream.exchange.timeout'), async () => {
      fixture.upstream.reply('/deadline/body', ({ socket }) => {
        socket.write(`${HEAD}Content-Length: 100000\r\n\r\n`);
        writeSteadily(socket, 'x');
      });
      const client = await fixture.connect();
      const response = await client.exchange(requestHead('GET /deadline/body'));
      expect([response.status, response.end === 'complete']).toEqual([200, false]);
    }));
});
