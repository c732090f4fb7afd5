/** CONNECT: refused unless a route takes it, and then a tunnel to the upstream of that route and nowhere else. */
import { once } from 'node:events';
import { constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import {
  closeHttp2,
  freePort,
  http2Ask,
  http2Closed,
  http2Session,
  ledgerOf,
  rawClient,
  startTorus,
  startUpstream,
  testCertificate,
  token,
  TEST_SECRET,
  until,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const connectHead = (authority: string, ...fields: readonly string[]): string =>
  [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...fields, '', ''].join('\r\n');

describe('CONNECT', () => {
  let torus: RunningTorus;
  let plain: TestUpstream;
  let secure: TestUpstream;
  /** Where a client may try to get to: nobody should ever knock here. */
  let elsewhere: TestUpstream;
  let serve: (socket: Socket) => void;
  const clients: RawClient[] = [];
  const sessions: ClientHttp2Session[] = [];

  /** Speaks first, as many protocols do, and then gives every byte back. */
  const greet = (socket: Socket): void => {
    socket.write('220 ready\n');
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
    socket.on('end', () => socket.end());
  };

  beforeAll(async () => {
    const certificate = await testCertificate();
    plain = await startUpstream((socket) => serve(socket));
    secure = await startUpstream((socket) => serve(socket), { tls: certificate });
    elsewhere = await startUpstream(greet);
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const route = (name: string, host: string, connect: unknown, more = {}) => ({
      name,
      match: { host, path: '/*' },
      connect,
      upstream: 'plain',
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
        upstreams: {
          plain: { endpoints: [plain.url] },
          secure: { endpoints: [secure.url], tls: { ca: certificate.caFile } },
          dead: { endpoints: [`http://127.0.0.1:${String(await freePort())}`] },
          proxied: { endpoints: [plain.url], proxyProtocol: 'v1' },
        },
        routes: [
          route('db', 'db.test', true),
          route('mail', 'mail.test', { ports: [25, 587] }),
          route('mail-tls', 'mail.test', { ports: [465] }, { upstream: 'secure' }),
          route('dead', 'dead.test', true, { upstream: 'dead' }),
          route('proxied', 'proxied.test', true, { upstream: 'proxied' }),
          route('jwt', 'jwt.test', true, { filters: [{ 'jwt-auth': { secret: TEST_SECRET } }] }),
          route('idle', 'idle.test', true, { timeouts: { idle: '300ms', request: '200ms' } }),
          { name: 'web', match: { host: 'web.test', path: '/*' }, upstream: 'plain' },
        ],
      },
    });
  });

  beforeEach(() => {
    serve = greet;
  });

  afterAll(async () => {
    await Promise.all([
      ...clients.map((client) => client.close()),
      ...sessions.map((session) => closeHttp2(session)),
    ]);
    await torus.stop();
    expect(elsewhere.acceptedSockets).toBe(0);
    await Promise.all([plain.close(), secure.close(), elsewhere.close()]);
  });

  const connect = async (listener = 'plain'): Promise<RawClient> => {
    const tls = listener === 'secure' ? { tls: true } : {};
    const client = await rawClient({ port: torus.port(listener), ...tls });
    clients.push(client);
    return client;
  };

  const session = async (): Promise<ClientHttp2Session> => {
    const opened = await http2Session({ port: torus.port('secure') });
    sessions.push(opened);
    return opened;
  };

  const ask = async (head: string): Promise<{ readonly status: number; readonly client: RawClient }> => {
    const client = await connect();
    const { status } = await client.exchange(head, { method: 'CONNECT' });
    return { status, client };
  };

  it.each(['plain', 'secure'])('opens a tunnel to the upstream of its route (%s)', async (listener) => {
    const client = await connect(listener);
    const response = await client.exchange(connectHead('db.test:5432'), { method: 'CONNECT' });
    expect([response.status, response.field('content-length'), response.field('connection')]).toEqual([
      200,
      undefined,
      undefined,
    ]);
    await client.readUntil('220 ready\n');
    await client.send('select 1;');
    expect(String(await client.readUntil(';'))).toBe('select 1;');
    client.halfClose();
    expect(await client.ended()).toBe('fin');
    expect(
      await torus.waitForLog((line) => line['method'] === 'CONNECT' && line['requestBytes'] === 9),
    ).toMatchObject({ host: 'db.test', route: 'db', status: 200, cause: 'ok', responseBytes: 19 });
  });

  it('sends the upstream nothing but what the client says, also what it said too early', async () => {
    let heard = '';
    serve = (socket) => void socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const { client } = await ask(`${connectHead('db.test:1')}early`);
    await client.send(' and late');
    await until(() => heard === 'early and late');
    client.reset();
  });

  it('goes by the port too, where the route says so', async () => {
    const toPlain = plain.acceptedSockets;
    expect((await ask(connectHead('mail.test:587'))).status).toBe(200);
    await until(() => plain.acceptedSockets === toPlain + 1);
    const toSecure = secure.acceptedSockets;
    const { client } = await ask(connectHead('mail.test:465'));
    await client.readUntil('220 ready\n');
    expect(secure.acceptedSockets).toBe(toSecure + 1);
    expect((await ask(connectHead('mail.test:80'))).status).toBe(501);
  });

  it.each([
    ['a host without a route', () => `127.0.0.1:${String(elsewhere.port)}`],
    ['the route of another method', () => 'web.test:80'],
  ])('is refused for %s, and nothing of what follows is taken for a request', async (_what, authority) => {
    const before = plain.acceptedSockets;
    const client = await connect();
    const next = 'GET / HTTP/1.1\r\nHost: web.test\r\n\r\n';
    const response = await client.exchange(`${connectHead(authority())}${next}`);
    expect([response.status, response.field('connection')]).toEqual([501, 'close']);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.head.method-unsupported' });
    await client.ended();
    expect(client.unread).toHaveLength(0);
    expect(plain.acceptedSockets).toBe(before);
  });

  it('leaves its routes to CONNECT alone', async () => {
    const before = plain.acceptedSockets;
    const client = await connect();
    const response = await client.exchange('GET / HTTP/1.1\r\nHost: db.test\r\n\r\n');
    expect([response.status, plain.acceptedSockets]).toEqual([404, before]);
  });

  it('runs the filters of its route first', async () => {
    const before = plain.acceptedSockets;
    expect((await ask(connectHead('jwt.test:1'))).status).toBe(401);
    expect(plain.acceptedSockets).toBe(before);
    const { status } = await ask(connectHead('jwt.test:1', `Authorization: Bearer ${token()}`));
    expect(status).toBe(200);
  });

  it('is answered 502 when the upstream is dead', async () => {
    expect((await ask(connectHead('dead.test:1'))).status).toBe(502);
  });

  it('is told to the upstream in a PROXY header, where that wants one', async () => {
    let heard = '';
    serve = (socket) => void socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    const { client } = await ask(connectHead('proxied.test:1'));
    await client.send('hello');
    const ports = `${String(client.socket.localPort)} ${String(torus.port('plain'))}`;
    await until(() => heard === `PROXY TCP4 127.0.0.1 127.0.0.1 ${ports}\r\nhello`);
    client.reset();
  });

  it('ends with the idle timeout of its route, not with the request timeout', async () => {
    const { client } = await ask(connectHead('idle.test:1'));
    await client.readUntil('220 ready\n');
    await client.ended();
    const line = await torus.waitForLog((at) => at['route'] === 'idle');
    expect(line).toMatchObject({ status: 200, cause: 'upstream.tunnel.timeout' });
  });

  it.each([
    ['without a port', connectHead('db.test')],
    ['with a path', 'CONNECT /a HTTP/1.1\r\nHost: db.test\r\n\r\n'],
    ['with content', connectHead('db.test:1', 'Content-Length: 5') + 'hello'],
  ])('%s is malformed', async (_what, head) => {
    expect((await ask(head)).status).toBe(400);
  });

  it('opens a tunnel in a stream of HTTP/2', async () => {
    const stream = (await session()).request(
      { ':method': 'CONNECT', ':authority': 'db.test:5432' },
      { endStream: false },
    );
    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    expect(headers[':status']).toBe(200);
    stream.end('over http/2');
    await http2Closed(stream);
    expect([text, stream.rstCode]).toEqual(['220 ready\nover http/2', constants.NGHTTP2_NO_ERROR]);
  });

  it('is refused in HTTP/2 without a route, and the connection goes on', async () => {
    const opened = await session();
    const stream = opened.request(
      { ':method': 'CONNECT', ':authority': `127.0.0.1:${String(elsewhere.port)}` },
      { endStream: false },
    );
    const [headers] = (await once(stream.resume(), 'response')) as [IncomingHttpHeaders];
    expect(headers[':status']).toBe(501);
    if (!stream.destroyed) await http2Closed(stream);
    expect((await http2Ask(opened, { ':path': '/', ':authority': 'nowhere.localhost' })).status).toBe(421);
  });

  it('leaves no socket behind', async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(sessions.splice(0).map((opened) => closeHttp2(opened)));
    plain.resetAll();
    secure.resetAll();
    await until(async () => {
      const { inFlight, downstream, upstream } = await ledgerOf(torus);
      return inFlight === 0 && downstream === 0 && upstream === 0;
    });
  });

  it.each([
    ['a path', { match: { host: 'a.test', path: '/a' } }, 'routes[0].match.path'],
    ['methods', { match: { host: 'a.test', path: '/*', methods: ['GET'] } }, 'routes[0].match.methods'],
    ['no upstream', { upstream: undefined }, 'routes[0].upstream'],
    ['upgrades: [connect]', { connect: false, upgrades: ['connect'] }, 'routes[0].upgrades'],
  ])('cannot be configured with %s', async (_what, more, place) => {
    const route = {
      name: 'a',
      match: { host: 'a.test', path: '/*' },
      connect: true,
      upstream: 'main',
      ...more,
    };
    const broken = await startTorus({
      config: {
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        upstreams: { main: { endpoints: ['http://127.0.0.1:1'] } },
        routes: [route],
      },
      waitUntilReady: false,
    });
    expect((await broken.exit).code).not.toBe(0);
    expect(JSON.stringify(broken.logs())).toContain(place);
    await broken.stop();
  });
});
