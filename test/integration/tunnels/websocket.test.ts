/** WebSocket through Torus with an ordinary client and server, over every combination of plain and TLS. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import {
  startHttpUpstream,
  startTorus,
  testCertificate,
  within,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Echoes each message; chooses the second of the subprotocols that are offered. */
const serveWebSocket = (upstream: TestUpstream): WebSocketServer => {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (offered) => [...offered][1] ?? false,
  });
  upstream.server.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
      ws.on('error', () => undefined);
    });
  });
  return server;
};

const openSocket = async (url: string, ca: string, protocols: string[] = []): Promise<WebSocket> => {
  const socket = new WebSocket(url, protocols, { ca, maxPayload: 16 * 1024 * 1024 });
  await within(once(socket, 'open'), 5_000, `a WebSocket to ${url}`);
  return socket;
};

const closeSocket = async (socket: WebSocket, code = 1000, reason = ''): Promise<[number, string]> => {
  const closed = once(socket, 'close');
  socket.close(code, reason);
  const [endCode, endReason] = (await within(closed, 5_000, 'the close handshake')) as [number, Buffer];
  return [endCode, endReason.toString()];
};

describe('WebSocket', () => {
  let torus: RunningTorus;
  let upstreams: (TestUpstream & { server: object })[];
  let servers: WebSocketServer[];
  let caPem: string;

  beforeAll(async () => {
    const certificate = await testCertificate();
    caPem = certificate.caPem;
    const plain = await startHttpUpstream();
    const secure = await startHttpUpstream(undefined, { tls: certificate });
    upstreams = [plain, secure];
    servers = upstreams.map(serveWebSocket);
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
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
        routes: ['plain', 'secure'].map((name) => ({
          name,
          match: { path: `/${name}/*` },
          upstream: name,
        })),
      },
    });
  });

  afterAll(async () => {
    for (const server of servers) server.close();
    await torus.stop();
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });

  const address = (listener: string, upstream: string, rest: string): string =>
    `${torus.url(listener).replace(/^http/, 'ws').replace('localhost', '127.0.0.1')}/${upstream}/${rest}`;

  describe.each([
    ['plain', 'plain'],
    ['plain', 'secure'],
    ['secure', 'plain'],
    ['secure', 'secure'],
  ])('through a %s listener to a %s upstream', (listener, upstream) => {
    it('carries text, binary, ping and close frames', async () => {
      const socket = await openSocket(address(listener, upstream, 'frames'), caPem);
      const texts = once(socket, 'message');
      socket.send('grüße');
      expect((await texts)[0]).toEqual(Buffer.from('grüße'));
      const binary = once(socket, 'message');
      socket.send(Buffer.from([0, 255, 13, 10]));
      expect(await binary).toEqual([Buffer.from([0, 255, 13, 10]), true]);
      const pong = once(socket, 'pong');
      socket.ping('are you there');
      expect((await pong)[0]).toEqual(Buffer.from('are you there'));
      expect(await closeSocket(socket, 4001, 'enough')).toEqual([4001, 'enough']);
    });

    it('carries 4 MB each way without changing a byte', async () => {
      const socket = await openSocket(address(listener, upstream, 'large'), caPem);
      const bytes = randomBytes(4 * 1024 * 1024);
      const reply = once(socket, 'message');
      socket.send(bytes);
      const [echoed] = (await within(reply, 10_000, 'the echo')) as [Buffer];
      expect([echoed.length, digest(echoed)]).toEqual([bytes.length, digest(bytes)]);
      await closeSocket(socket);
    });
  });

  it('offers every subprotocol to the upstream and returns the one it chose', async () => {
    // fastify/fastify-http-proxy#256: only the first one was forwarded.
    const socket = await openSocket(address('plain', 'plain', 'sub'), caPem, [
      'v1.chat',
      'v2.chat',
      'v3.chat',
    ]);
    expect(socket.protocol).toBe('v2.chat');
    await closeSocket(socket);
  });

  it('leaves permessage-deflate to the two ends', async () => {
    const path = '/plain/deflate';
    const socket = await openSocket(address('secure', 'plain', 'deflate'), caPem);
    expect(socket.extensions).toContain('permessage-deflate');
    const text = 'again and again '.repeat(65_536);
    const reply = once(socket, 'message');
    socket.send(text);
    expect(String((await reply)[0])).toBe(text);
    await closeSocket(socket);
    const line = await torus.waitForLog((at) => at.msg === 'access' && at['path'] === path);
    // Compressed on the wire: a tunnel that inflated would have carried a megabyte.
    expect(line['responseBytes']).toBeLessThan(50_000);
    expect(line['requestBytes']).toBeLessThan(50_000);
  });

  it('serves a second WebSocket route beside the first', async () => {
    // fastify/fastify-http-proxy#314: the second one ended the process.
    const sockets = await Promise.all([
      openSocket(address('plain', 'plain', 'first'), caPem),
      openSocket(address('plain', 'secure', 'second'), caPem),
    ]);
    await Promise.all(sockets.map((socket) => closeSocket(socket)));
    expect(torus.workers()).toHaveLength(1);
  });

  it('survives a target that restarts, and serves the next socket', async () => {
    // chimurai/http-proxy-middleware#476: write after end.
    const socket = await openSocket(address('plain', 'plain', 'restart'), caPem);
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    upstreams[0]!.resetAll();
    socket.send('into the void');
    await within(closed, 5_000, 'the client to be told');
    await closeSocket(await openSocket(address('plain', 'plain', 'restarted'), caPem));
  });

  it('leaves nothing in the log but its own lines, whatever is wrapped in TLS', async () => {
    // Node warns of the eleventh listener of a kind on one socket, in plain text, once for each such socket.
    for (const [listener, upstream] of [
      ['secure', 'plain'],
      ['plain', 'secure'],
    ] as const) {
      await closeSocket(await openSocket(address(listener, upstream, `log-${listener}`), caPem));
      await torus.waitForLog((at) => at['path'] === `/${upstream}/log-${listener}`);
    }
    expect(torus.logs().filter((line) => line['raw'] === true)).toEqual([]);
  });
});
