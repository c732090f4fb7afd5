/** WebSocket over HTTP/2 (RFC 8441) to HTTP/1.1 upstreams: the handshake on both sides, and the tunnel to its end. */
import {
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import {
  closeCodeOf,
  closeFrame,
  closeHttp2,
  FrameReader,
  http2Ask,
  http2Closed,
  http2Session,
  ledgerOf,
  OPCODE,
  startHttpUpstream,
  startTorus,
  startUpstream,
  testCertificate,
  token,
  TEST_SECRET,
  until,
  untilStill,
  webSocketFrame,
  within,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const MIB = 1024 * 1024;

interface Opened {
  readonly stream: ClientHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly frames: FrameReader;
}

const whenClosed = (stream: ClientHttp2Stream): Promise<void> =>
  stream.destroyed ? Promise.resolve() : http2Closed(stream);

const masked = (opcode: number, text: string | Buffer): Buffer =>
  webSocketFrame(opcode, text, { masked: true });

describe('WebSocket over HTTP/2', () => {
  let torus: RunningTorus;
  let echo: TestUpstream;
  let server: WebSocketServer;
  /** Does what `answer` says once it has a head. */
  let scripted: TestUpstream;
  let answer: (socket: Socket, head: string) => void = () => undefined;
  let heads: string[] = [];
  const ends = new Map<string, number>();
  const sessions: ClientHttp2Session[] = [];

  beforeAll(async () => {
    const certificate = await testCertificate();
    const http = await startHttpUpstream();
    echo = http;
    server = new WebSocketServer({
      server: http.server,
      perMessageDeflate: { threshold: 0 },
      handleProtocols: (offered) => [...offered][1] ?? false,
    });
    server.on('connection', (socket, request) => {
      const url = String(request.url);
      ends.set(url, serverEnds(url) + 1);
      socket.on('close', () => ends.set(url, serverEnds(url) - 1));
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('error', () => undefined);
    });
    scripted = await startUpstream((socket) => {
      let text = '';
      const onData = (chunk: Buffer): void => {
        text += chunk.toString('latin1');
        if (!text.includes('\r\n\r\n')) return;
        socket.off('data', onData);
        heads.push(text);
        answer(socket, text);
      };
      socket.on('data', onData);
    });
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const route = (name: string, upstream: string, more = {}) => ({
      name,
      match: { path: `/${name}/*` },
      upstream,
      ...more,
    });
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'secure', address: '127.0.0.1:0', tls },
          { name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'] },
        ],
        admin: { address: '127.0.0.1:0' },
        upstreams: { echo: { endpoints: [echo.url] }, scripted: { endpoints: [scripted.url] } },
        routes: [
          route('echo', 'echo'),
          route('get', 'echo', { match: { path: '/get/*', methods: ['GET'] } }),
          route('off', 'echo', { upgrades: false }),
          route('scripted', 'scripted'),
          route('idle', 'scripted', { timeouts: { idle: '400ms' } }),
          route('short', 'echo', { timeouts: { request: '300ms' } }),
          route('unanswered', 'scripted', { timeouts: { request: '300ms' } }),
          route('jwt', 'echo', { filters: [{ 'jwt-auth': { secret: TEST_SECRET } }] }),
          route('other', 'scripted', { upgrades: ['other'] }),
        ],
      },
    });
  });

  beforeEach(() => {
    heads = [];
  });

  afterAll(async () => {
    await Promise.all(sessions.map((session) => closeHttp2(session)));
    server.close();
    await torus.stop();
    await echo.close();
    await scripted.close();
  });

  const connect = async (listener = 'secure'): Promise<ClientHttp2Session> => {
    const session = await http2Session({ port: torus.port(listener), tls: listener === 'secure' });
    sessions.push(session);
    if (!session.remoteSettings.enableConnectProtocol) await once(session, 'remoteSettings');
    return session;
  };

  const head = (path: string, more: object = {}): Record<string, string> => ({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': path,
    'sec-websocket-version': '13',
    ...more,
  });

  const open = async (session: ClientHttp2Session, path: string, more: object = {}): Promise<Opened> => {
    const stream = session.request(head(path, more), { endStream: false });
    stream.on('error', () => undefined); // how it ended is asked of the stream
    const frames = new FrameReader();
    const [headers] = (await within(once(stream, 'response'), 5_000, 'the response')) as [
      IncomingHttpHeaders,
    ];
    if (Number(headers[':status']) === 200) stream.on('data', (chunk: Buffer) => frames.push(chunk));
    else stream.resume();
    return { stream, headers, frames };
  };

  const nextFrame = ({ frames }: Opened, count = 1) =>
    until(() => (frames.frames.length >= count ? frames.frames.at(count - 1) : undefined));

  /** The upstream's ends of the sockets at that path. */
  const serverEnds = (path: string): number => ends.get(path) ?? 0;

  const accessLine = (path: string) =>
    torus.waitForLog((line) => line.msg === 'access' && line['path'] === path, 5_000);

  it.each(['secure', 'plain'])('is offered, and echoes over a %s connection', async (listener) => {
    const session = await connect(listener);
    const path = `/echo/${listener}`;
    const socket = await open(session, path);
    expect(socket.headers[':status']).toBe(200);
    expect(socket.headers['sec-websocket-accept']).toBeUndefined();
    socket.stream.write(masked(OPCODE.text, 'grüße'));
    expect(await nextFrame(socket)).toMatchObject({ opcode: OPCODE.text, payload: Buffer.from('grüße') });
    socket.stream.end(closeFrame(4001, 'enough', { masked: true }));
    const close = await nextFrame(socket, 2);
    expect([close.opcode, closeCodeOf(close)]).toEqual([OPCODE.close, 4001]);
    await whenClosed(socket.stream);
    expect(socket.stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(await accessLine(path)).toMatchObject({
      method: 'GET',
      httpVersion: '2',
      status: 200,
      cause: 'ok',
      requestBytes: 13 + 14,
    });
  });

  it('passes subprotocols and extensions on as they are', async () => {
    const socket = await open(await connect(), '/get/sub', {
      'sec-websocket-protocol': 'v1.chat, v2.chat',
      'sec-websocket-extensions': 'permessage-deflate',
      origin: 'https://example.test',
    });
    expect(socket.headers).toMatchObject({
      ':status': 200,
      'sec-websocket-protocol': 'v2.chat',
      'sec-websocket-extensions': 'permessage-deflate',
    });
    socket.stream.close(constants.NGHTTP2_CANCEL);
  });

  it('makes the handshake of HTTP/1.1: a fresh key, whatever the client sent', async () => {
    answer = (socket) => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const session = await connect();
    const more = { 'sec-websocket-key': 'Y2xpZW50', 'x-own': '1' };
    await open(session, '/scripted/key?a=b', more);
    await open(session, '/scripted/key', more);
    const [first = '', second = ''] = heads;
    expect(first.split('\r\n')[0]).toBe('GET /scripted/key?a=b HTTP/1.1');
    expect(first).toMatch(/^connection: upgrade\r\nupgrade: websocket\r\n/im);
    expect(first).toMatch(/^x-own: 1\r$/m);
    const keys = [first, second].map((text) => text.match(/^sec-websocket-key: (\S+)\r$/gim) ?? []);
    expect(keys.map((found) => found.length)).toEqual([1, 1]);
    expect(keys[0]).not.toEqual(keys[1]);
    expect(first).not.toMatch(/Y2xpZW50|:protocol|transfer-encoding/i);
  });

  it.each([
    ['a wrong key', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n'],
    ['no key', ''],
  ])('is refused with 502 when the upstream switches with %s', async (what, line) => {
    const path = `/scripted/accept-${what.replaceAll(' ', '-')}`;
    answer = (socket) =>
      socket.write(`HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n${line}\r\n`);
    const socket = await open(await connect(), path);
    expect(socket.headers[':status']).toBe(502);
    await whenClosed(socket.stream);
    expect(await accessLine(path)).toMatchObject({ cause: 'upstream.upgrade.invalid', detail: 'accept' });
  });

  it('that the upstream refuses gets its answer: status, fields and body', async () => {
    answer = (socket) =>
      socket.end('HTTP/1.1 403 Forbidden\r\nX-Reason: rooms\r\nContent-Length: 10\r\n\r\nnot today\n');
    const stream = (await connect()).request(head('/scripted/refused'), { endStream: false });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    await whenClosed(stream);
    expect([headers[':status'], headers['x-reason'], text, stream.rstCode]).toEqual([
      403,
      'rooms',
      'not today\n',
      0,
    ]);
  });

  it('that the upstream answers as if it were a page is refused with 502: 200 would open a tunnel', async () => {
    answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage');
    const socket = await open(await connect(), '/scripted/page');
    expect(socket.headers[':status']).toBe(502);
    await whenClosed(socket.stream);
  });

  it.each([
    ['websocket on a route with upgrades: false', '/off/a', 'websocket'],
    ['a protocol that the route does not name', '/echo/a', 'connect-udp'],
  ])('refuses %s with 501, and serves the next request', async (_what, path, protocol) => {
    const session = await connect();
    const socket = await open(session, path, { ':protocol': protocol });
    expect(socket.headers[':status']).toBe(501);
    await whenClosed(socket.stream);
    expect(
      await torus.waitForLog((line) => line['cause'] === 'downstream.route.upgrade-refused'),
    ).toBeDefined();
    expect((await http2Ask(session, { ':path': '/echo/next' })).status).toBe(200);
  });

  it('goes through for another protocol that the route names', async () => {
    answer = (socket) =>
      socket.write('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\nhello');
    const stream = (await connect()).request(head('/other/a', { ':protocol': 'other' }), {
      endStream: false,
    });
    stream.on('error', () => undefined);
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until(() => text === 'hello');
    expect(heads[0]).not.toMatch(/sec-websocket-key/i);
    stream.close(constants.NGHTTP2_CANCEL);
  });

  it('runs the filters of the route first', async () => {
    const session = await connect();
    const stranger = await open(session, '/jwt/a');
    expect([stranger.headers[':status'], stranger.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="torus"',
    ]);
    await whenClosed(stranger.stream);
    const friend = await open(session, '/jwt/b', { authorization: `Bearer ${token()}` });
    expect(friend.headers[':status']).toBe(200);
    friend.stream.close(constants.NGHTTP2_CANCEL);
  });

  it('closes the upstream at once when the client resets the stream', async () => {
    const socket = await open(await connect(), '/echo/client-gone');
    await until(() => serverEnds('/echo/client-gone') === 1);
    socket.stream.close(constants.NGHTTP2_CANCEL);
    await until(() => serverEnds('/echo/client-gone') === 0);
    expect(await accessLine('/echo/client-gone')).toMatchObject({
      status: 200,
      cause: 'downstream.tunnel.aborted',
      detail: 'rst-8',
    });
  });

  it('closes the upstream at once when the connection is lost', async () => {
    const session = await connect();
    await open(session, '/echo/lost');
    await until(() => serverEnds('/echo/lost') === 1);
    session.destroy();
    await until(() => serverEnds('/echo/lost') === 0);
    expect(await accessLine('/echo/lost')).toMatchObject({ cause: 'downstream.tunnel.aborted' });
  });

  /** Answers 101 with the right key, and hands the socket over. */
  const accept =
    (then: (socket: Socket) => void) =>
    (socket: Socket, text: string): void => {
      const key = /^sec-websocket-key: (\S+)\r$/im.exec(text)?.[1] ?? '';
      void crypto.subtle
        .digest('SHA-1', Buffer.from(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`))
        .then((digest) => {
          socket.write(
            `HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${Buffer.from(digest).toString('base64')}\r\n\r\n`,
          );
          then(socket);
        });
    };

  it('resets the stream with CANCEL when the upstream breaks off', async () => {
    answer = accept((socket) => setTimeout(() => socket.resetAndDestroy(), 30));
    const socket = await open(await connect(), '/scripted/reset');
    await whenClosed(socket.stream);
    expect(socket.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(await accessLine('/scripted/reset')).toMatchObject({ cause: 'upstream.tunnel.reset' });
  });

  it('hands a half-close on, each way, and loses nothing behind it', async () => {
    answer = accept((socket) => {
      let heard = '';
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
      socket.on('end', () => setTimeout(() => socket.end(`heard ${heard}`), 30));
    });
    const stream = (await connect()).request(head('/scripted/half'), { endStream: false });
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(stream, 'response');
    stream.end('all of it');
    await whenClosed(stream);
    expect([text, stream.rstCode]).toEqual(['heard all of it', 0]);
    answer = accept((socket) => {
      socket.end('bye');
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    });
    text = '';
    const second = (await connect()).request(head('/scripted/half-2'), { endStream: false });
    second.resume();
    await once(second, 'end');
    second.end('last word');
    await until(() => text === 'last word');
    expect(await accessLine('/scripted/half-2')).toMatchObject({
      cause: 'ok',
      requestBytes: 9,
      responseBytes: 3,
    });
  });

  it('is cut after the idle timeout of its route', async () => {
    answer = accept(() => undefined);
    const socket = await open(await connect(), '/idle/a');
    await within(whenClosed(socket.stream), 3_000, 'the cut');
    expect(await accessLine('/idle/a')).toMatchObject({ cause: 'upstream.tunnel.timeout', detail: 'idle' });
  });

  it('outlives the request timeout of its route', async () => {
    const session = await connect();
    const socket = await open(session, '/short/a');
    // Begun later, and over by the same time.
    answer = () => undefined;
    expect((await open(session, '/unanswered/a')).headers[':status']).toBe(504);
    socket.stream.write(masked(OPCODE.text, 'still here'));
    expect(String((await nextFrame(socket)).payload)).toBe('still here');
    socket.stream.close(constants.NGHTTP2_CANCEL);
  });

  it('holds a fast upstream back for a slow client, and delivers everything in the end', async () => {
    let written = 0;
    answer = accept((socket) => {
      const block = Buffer.alloc(64 * 1024, 7);
      const fill = (): void => {
        while (written < 24 * MIB) {
          written += block.length;
          if (!socket.write(block)) return void socket.once('drain', fill);
        }
        socket.end();
      };
      fill();
    });
    const stream = (await connect()).request(head('/scripted/slow'), { endStream: false });
    let received = 0;
    await once(stream, 'response');
    expect(await untilStill(() => written)).toBeLessThan(12 * MIB);
    stream.on('data', (chunk: Buffer) => (received += chunk.length));
    await within(once(stream, 'end'), 15_000, 'all of it');
    expect(received).toBe(24 * MIB);
    stream.end();
    await whenClosed(stream);
  });

  it('holds a fast client back for a slow upstream', async () => {
    let upstream: Socket | undefined;
    answer = accept((socket) => (upstream = socket.pause()));
    const stream = (await connect()).request(head('/scripted/slow-upstream'), { endStream: false });
    stream.on('error', () => undefined);
    await once(stream.resume(), 'response');
    let taken = 0;
    const block = Buffer.alloc(64 * 1024, 7);
    const send = (): void => {
      stream.write(block, (error) => {
        taken += block.length;
        if (!error && taken < 24 * MIB) send();
        else stream.end();
      });
    };
    send();
    expect(await untilStill(() => taken)).toBeLessThan(16 * MIB);
    let received = 0;
    upstream?.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
    await until(() => received >= 24 * MIB, 15_000, 'all of it upstream');
    upstream?.end();
    await whenClosed(stream);
  });

  it('carries many sockets beside each other in one connection, and none stays', async () => {
    const session = await connect();
    const sockets = await Promise.all(
      Array.from({ length: 50 }, (_, at) => open(session, `/echo/many-${String(at)}`)),
    );
    sockets.forEach(({ stream }, at) => stream.write(masked(OPCODE.text, `number ${String(at)}`)));
    const answers = await Promise.all(sockets.map((socket) => nextFrame(socket)));
    expect(answers.map(({ payload }) => String(payload))).toEqual(
      sockets.map((_socket, at) => `number ${String(at)}`),
    );
    for (const [at, { stream }] of sockets.entries()) {
      if (at % 2 === 0) stream.close(constants.NGHTTP2_CANCEL);
      else stream.end(closeFrame(1000, '', { masked: true }));
    }
    await Promise.all(sockets.map(({ stream }) => whenClosed(stream)));
    await Promise.all(sessions.splice(0).map((each) => closeHttp2(each)));
    echo.resetAll();
    scripted.resetAll();
    await until(async () => {
      const { inFlight, downstream, upstream } = await ledgerOf(torus);
      return inFlight === 0 && downstream === 0 && upstream === 0;
    });
  });
});
