/** What WebSocket clients see of a drain: 1001 where their route asks for it, the deadline where it does not. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import { WebSocket, WebSocketServer } from 'ws';
import {
  closeCodeOf,
  closeHttp2,
  FrameReader,
  http2Session,
  OPCODE,
  rawClient,
  startHttpUpstream,
  startTorus,
  testCertificate,
  until,
  webSocketFrame,
  within,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { upgradeHead } from './tunnel-fixture.js';

interface Ended {
  readonly code: number;
  readonly reason: string;
}

describe('a WebSocket when the gateway drains', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let server: WebSocketServer;
  /** How the upstream's ends closed. */
  let ends: Ended[] = [];
  let onConnection: (socket: WebSocket) => void;

  beforeEach(async () => {
    ends = [];
    onConnection = () => undefined;
    const http = await startHttpUpstream();
    upstream = http;
    server = new WebSocketServer({ server: http.server });
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('error', () => undefined);
      socket.on('close', (code, reason) => ends.push({ code, reason: reason.toString() }));
      onConnection(socket);
    });
    const certificate = await testCertificate();
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const route = (name: string, more = {}) => ({
      name,
      match: { path: `/${name}` },
      upstream: 'main',
      ...more,
    });
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0' },
          { name: 'secure', address: '127.0.0.1:0', tls },
        ],
        admin: { address: '127.0.0.1:0' },
        shutdown: { timeout: '8s' },
        upstreams: { main: { endpoints: [upstream.url] } },
        routes: [route('told', { websocket: { closeOnDrain: true } }), route('cut')],
      },
    });
  });

  afterEach(async () => {
    server.close();
    await torus.stop();
    await upstream.close();
  });

  const open = async (path: string, listener = 'plain'): Promise<WebSocket> => {
    const scheme = listener === 'plain' ? 'ws' : 'wss';
    const url = `${scheme}://127.0.0.1:${String(torus.port(listener))}${path}`;
    const socket = new WebSocket(url, { rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await within(once(socket, 'open'), 5_000, 'the socket to open');
    return socket;
  };

  const whenClosed = async (socket: WebSocket): Promise<Ended> => {
    const [code, reason] = (await within(once(socket, 'close'), 12_000, 'the close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  };

  const accessLine = (path: string) =>
    torus.waitForLog((line) => line.msg === 'access' && line['path'] === path);

  it.each(['plain', 'secure'])(
    'is closed with 1001 at both ends, and the drain is clean (%s)',
    async (listener) => {
      const sockets = await Promise.all([open('/told', listener), open('/told', listener)]);
      const closed = Promise.all(sockets.map(whenClosed));
      const start = performance.now();
      torus.requestShutdown();
      expect((await closed).map(({ code }) => code)).toEqual([1001, 1001]);
      await until(() => ends.length === 2);
      expect(ends.map(({ code }) => code)).toEqual([1001, 1001]);
      expect(await accessLine('/told')).toMatchObject({ status: 101, cause: 'ok', detail: 'going-away' });
      expect((await within(torus.exit, 6_000, 'the exit')).code).toBe(0);
      // Long before the deadline, which would have cut it.
      expect(performance.now() - start).toBeLessThan(5_000);
    },
  );

  it('is closed with 1001 over HTTP/2 too', async () => {
    const session = await http2Session({ port: torus.port('secure') });
    const stream = session.request(
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/told', 'sec-websocket-version': '13' },
      { endStream: false },
    );
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    expect(Number(headers[':status'])).toBe(200);
    const reader = new FrameReader();
    stream.on('data', (chunk: Buffer) => reader.push(chunk));
    torus.requestShutdown();
    const close = await until(() => reader.frames.find(({ opcode }) => opcode === OPCODE.close));
    expect(closeCodeOf(close)).toBe(1001);
    stream.write(webSocketFrame(OPCODE.close, close.payload, { masked: true }));
    await within(once(stream, 'end'), 5_000, 'END_STREAM');
    stream.end();
    await until(() => ends.length === 1);
    expect(ends[0]?.code).toBe(1001);
    await closeHttp2(session);
  });

  it('is told between two frames, while the upstream sends as fast as it can', async () => {
    onConnection = (socket) => {
      const block = Buffer.alloc(100_000, 0x88);
      const fill = (): void => {
        if (socket.readyState === WebSocket.OPEN) socket.send(block, () => setImmediate(fill));
      };
      fill();
    };
    const socket = await open('/told');
    let messages = 0;
    socket.on('message', () => (messages += 1));
    await until(() => messages > 20);
    const closed = whenClosed(socket);
    torus.requestShutdown();
    // A client that found anything but frames would say 1002 or 1006.
    expect((await closed).code).toBe(1001);
    await until(() => ends.length === 1);
    expect(ends[0]?.code).toBe(1001);
  });

  it('is told at the end of the frame that is under way', async () => {
    let upstreamSocket: { write(bytes: Buffer): unknown } | undefined;
    onConnection = (socket) => {
      // Below the frames of ws.
      upstreamSocket = Reflect.get(socket, '_socket') as { write(bytes: Buffer): unknown };
    };
    const client = await rawClient({ port: torus.port('plain') });
    await client.exchange(upgradeHead('/told'));
    const frame = webSocketFrame(OPCODE.text, 'one word');
    await until(() => upstreamSocket);
    upstreamSocket?.write(frame.subarray(0, 4));
    await client.readBytes(4);
    // An idle connection closes in the same moment in which tunnels are told.
    const idle = await rawClient({ port: torus.port('plain') });
    await idle.exchange('GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n');
    torus.requestShutdown();
    await idle.ended();
    await idle.close();
    upstreamSocket?.write(Buffer.concat([frame.subarray(4), webSocketFrame(OPCODE.text, 'too late')]));
    const rest = await client.readBytes(frame.length - 4 + 4);
    expect(rest).toEqual(Buffer.concat([frame.subarray(4), Buffer.from([0x88, 2, 3, 0xe9])]));
    await client.send(webSocketFrame(OPCODE.close, Buffer.from([3, 0xe9]), { masked: true }));
    expect(await client.ended()).toBe('fin');
    expect(client.unread).toHaveLength(0);
    await client.close();
  });

  it('is cut, with its cause, when the client does not answer', async () => {
    const client = await rawClient({ port: torus.port('plain') });
    await client.exchange(upgradeHead('/told'));
    torus.requestShutdown();
    await client.readBytes(4);
    await client.ended(7_000);
    expect(await accessLine('/told')).toMatchObject({
      cause: 'internal.drain.cut',
      detail: 'close-unanswered',
    });
    await client.close();
  });

  it('is cut at the deadline where its route does not ask for it', async () => {
    const socket = await open('/cut');
    const closed = whenClosed(socket);
    torus.signal('SIGTERM');
    const { code } = await within(closed, 12_000, 'the cut');
    expect(code).toBe(1006);
    expect(await accessLine('/cut')).toMatchObject({ cause: 'internal.drain.cut' });
  }, 20_000);
});
