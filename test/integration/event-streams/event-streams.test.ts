/** Server-sent events and other responses without an end: nothing is held back, nothing ends them but their ends and their limits. */
import { once } from 'node:events';
import { constants, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import {
  BUSY_MS,
  closeHttp2,
  http2Session,
  ledgerOf,
  rawClient,
  startTorus,
  startUpstream,
  testCertificate,
  until,
  within,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/** Far below what any buffer would wait for, far above what a busy machine takes. */

const HEADS = {
  chunked: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
  close: 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n',
} as const;
type Framing = keyof typeof HEADS;

const framed = (framing: Framing, text: string): string =>
  framing === 'close' ? text : `${text.length.toString(16)}\r\n${text}\r\n`;

/** An open response as a client sees it. */
interface EventSource {
  readonly status: number;
  readonly text: string;
  /** Went away without a word more than its protocol needs. */
  leave(how: 'politely' | 'abruptly'): void;
  readonly hasEnded: boolean;
  close(): Promise<void>;
}

describe('an event stream', () => {
  let torus: RunningTorus;
  let plain: TestUpstream;
  let secure: TestUpstream;
  /** The upstream's end of the newest stream. */
  let source: Socket | undefined;
  let path = '';

  const serve = (socket: Socket): void => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith('\r\n\r\n')) return;
      path = text.split(' ')[1] ?? '';
      source = socket;
    });
  };

  beforeAll(async () => {
    const certificate = await testCertificate();
    plain = await startUpstream(serve);
    secure = await startUpstream(serve, { tls: certificate });
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const route = (name: string, upstream: string, timeouts = {}) => ({
      name,
      match: { path: `/${name}/*` },
      upstream,
      timeouts: { responseHead: '1s', ...timeouts },
    });
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0' },
          { name: 'secure', address: '127.0.0.1:0', tls },
        ],
        admin: { address: '127.0.0.1:0' },
        upstreams: {
          plain: { endpoints: [plain.url] },
          secure: { endpoints: [secure.url], tls: { ca: certificate.caFile } },
        },
        routes: [
          route('plain', 'plain'),
          route('secure', 'secure'),
          route('idle', 'plain', { idle: '1s' }),
          route('total', 'plain', { request: '900ms', idle: '1s' }),
        ],
      },
    });
  });

  beforeEach(() => {
    source = undefined;
  });

  afterAll(async () => {
    await torus.stop();
    await plain.close();
    await secure.close();
  });

  const overHttp1 = async (listener: string, target: string, head: string): Promise<EventSource> => {
    const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
    await client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
    await reached(target);
    source?.write(head);
    const text = String(await client.readUntil('\r\n\r\n'));
    let ended = false;
    void client.ended(30_000).then(
      () => (ended = true),
      () => undefined,
    );
    return {
      status: Number(text.split(' ')[1]),
      get text() {
        return client.unread.toString().replaceAll(/[0-9a-f]+\r\n(data: [^\r]*)\r\n/g, '$1');
      },
      get hasEnded() {
        return ended;
      },
      leave: (how) => {
        if (how === 'abruptly') client.reset();
        else client.halfClose();
      },
      close: () => client.close(),
    };
  };

  const overHttp2 = async (target: string, head: string): Promise<EventSource> => {
    const session = await http2Session({ port: torus.port('secure') });
    const stream = session.request({ ':path': target });
    let text = '';
    let ended = false;
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('error', () => undefined); // how it ended is asked of the log
    stream.on('close', () => (ended = true));
    await reached(target);
    source?.write(head);
    const [headers] = (await within(once(stream, 'response'), BUSY_MS, 'the head')) as [IncomingHttpHeaders];
    return {
      status: Number(headers[':status']),
      get text() {
        return text;
      },
      get hasEnded() {
        return ended;
      },
      leave: (how) => {
        if (how === 'abruptly') session.destroy();
        else stream.close(constants.NGHTTP2_CANCEL);
      },
      close: () => closeHttp2(session),
    };
  };

  const reached = (target: string) => until(() => source !== undefined && path === target);

  const open = (client: string, target: string, framing: Framing = 'chunked'): Promise<EventSource> =>
    client === 'http2' ? overHttp2(target, HEADS[framing]) : overHttp1(client, target, HEADS[framing]);

  const accessLine = (target: string) =>
    torus.waitForLog((line) => line.msg === 'access' && line['path'] === target);

  const CLIENTS = ['plain', 'secure', 'http2'];
  const every = CLIENTS.flatMap((client) =>
    ['plain', 'secure'].flatMap((upstream) =>
      (['chunked', 'close'] as const).map((framing) => [client, upstream, framing] as const),
    ),
  );

  it.each(every)(
    'brings each event before the next is sent (%s client, %s upstream, %s)',
    async (client, upstream, framing) => {
      const events = await open(client, `/${upstream}/${client}-${framing}`, framing);
      expect([events.status, events.text]).toEqual([200, '']);
      let sent = '';
      for (let id = 0; id < 20; id += 1) {
        const event = `data: event ${String(id)}\n\n`;
        source?.write(framed(framing, event));
        sent += event;
        await until(() => events.text === sent, BUSY_MS, `event ${String(id)} after ${events.text}`);
      }
      await events.close();
    },
  );

  it.each(CLIENTS)('brings what comes byte by byte, byte by byte (%s)', async (client) => {
    const events = await open(client, `/plain/bytes-${client}`, 'close');
    let sent = '';
    for (const byte of 'data: a\n\n: beat\n\n') {
      source?.write(byte);
      sent += byte;
      const length = sent.length;
      await until(
        () => events.text.replaceAll(/1\r\n([^]|)\r\n/g, '$1').length >= length,
        BUSY_MS,
        JSON.stringify(events.text),
      );
    }
    await events.close();
  });

  it.each(CLIENTS)('goes on for longer than the head may take, while events come (%s)', async (client) => {
    const events = await open(client, `/idle/long-${client}`);
    let id = 0;
    const beat = setInterval(() => source?.write(framed('chunked', `data: ${String(++id)}\n\n`)), 150);
    try {
      for (let awaited = 1; awaited <= 12; awaited += 1)
        await until(() => events.text.includes(`data: ${String(awaited)}\n\n`), BUSY_MS);
    } finally {
      clearInterval(beat);
    }
    expect(events.hasEnded).toBe(false);
    await events.close();
  });

  it.each(CLIENTS)(
    'is cut when nothing comes for the idle timeout of its route, with its cause (%s)',
    async (client) => {
      const target = `/idle/silent-${client}`;
      const events = await open(client, target);
      source?.write(framed('chunked', 'data: only\n\n'));
      await until(() => events.hasEnded, 3_000);
      expect(await accessLine(target)).toMatchObject({ status: 200, cause: 'upstream.body.timeout' });
      await until(() => source?.destroyed === true || source?.readableEnded, BUSY_MS);
      await events.close();
    },
  );

  it.each(CLIENTS)('is cut by the request timeout of its route, where there is one (%s)', async (client) => {
    const target = `/total/${client}`;
    const start = performance.now();
    const events = await open(client, target);
    const timer = setInterval(() => source?.write(framed('chunked', 'data: more\n\n')), 100);
    await until(() => events.hasEnded, 3_000);
    clearInterval(timer);
    expect(performance.now() - start).toBeGreaterThan(800);
    expect(await accessLine(target)).toMatchObject({ status: 200, cause: 'upstream.exchange.timeout' });
    await events.close();
  });

  it.each(CLIENTS.flatMap((client) => [[client, 'politely'] as const, [client, 'abruptly'] as const]))(
    'that nobody listens to any more is closed at once, though it is silent (%s, %s)',
    async (client, how) => {
      const target = `/plain/gone-${client}-${how}`;
      const events = await open(client, target);
      source?.write(framed('chunked', 'data: hello\n\n'));
      await until(() => events.text !== '');
      const socket = source;
      const closed = once(socket!, 'close');
      events.leave(how);
      await within(Promise.race([closed, once(socket!, 'end')]), BUSY_MS, 'the upstream to be told');
      socket?.destroy();
      expect(await accessLine(target)).toMatchObject({ status: 200, cause: 'downstream.response.aborted' });
      await events.close();
    },
  );

  it('leaves no socket behind', async () => {
    plain.resetAll();
    secure.resetAll();
    await until(async () => {
      const { inFlight, downstream, upstream } = await ledgerOf(torus);
      return inFlight === 0 && downstream === 0 && upstream === 0;
    });
  });
});
