/** PROXY headers towards upstreams: whom they name, and that a connection never serves two clients. */
import { createSecureContext, TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { once } from 'node:events';
import { readProxyHeader, type ProxiedAddresses } from '../../../src/proxy/codec/proxy-protocol/index.js';
import {
  closeHttp2,
  describeWithHaproxy,
  describeWithNginx,
  freePort,
  http2Ask,
  http2Session,
  ledgerOf,
  rawClient,
  startHaproxyWith,
  startNginx,
  startTorus,
  startUpstream,
  testCertificate,
  until,
  type RunningTorus,
  type TestCertificate,
  type TestUpstream,
} from '../../support/index.js';

interface SeenConnection {
  readonly addresses: ProxiedAddresses | undefined;
  readonly version: 'v1' | 'v2';
  requests: number;
}

/** Takes a header, or breaks the connection; then answers each head with how many it had on this connection. */
const startProxiedUpstream = async (
  certificate?: TestCertificate,
): Promise<TestUpstream & { readonly seen: SeenConnection[] }> => {
  const seen: SeenConnection[] = [];
  const answer = (connection: SeenConnection, text: string): string =>
    text
      .split('\r\n\r\n')
      .slice(0, -1)
      .map(() => {
        connection.requests += 1;
        const body = `${connection.addresses?.sourceAddress ?? '-'} ${String(connection.requests)}`;
        return `HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
      })
      .join('');
  const secureContext =
    certificate && createSecureContext({ cert: certificate.certPem, key: certificate.keyPem });
  const upstream = await startUpstream((socket) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const reading = readProxyHeader(bytes);
      if (reading.kind === 'partial') return;
      socket.off('data', onData).pause();
      if (reading.kind !== 'header') return void socket.destroy();
      const version = bytes[0] === 0x0d ? 'v2' : 'v1';
      const connection: SeenConnection = { addresses: reading.addresses, version, requests: 0 };
      seen.push(connection);
      socket.unshift(bytes.subarray(reading.length));
      if (secureContext === undefined) {
        socket.on('data', (more: Buffer) => socket.write(answer(connection, more.toString())));
        socket.on('end', () => socket.end());
        socket.resume();
        return;
      }
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('error', () => undefined); // judged from the other side
      secure.on('data', (more: Buffer) => secure.write(answer(connection, more.toString())));
    };
    socket.on('data', onData);
  });
  return Object.assign(Object.create(upstream) as TestUpstream, { seen });
};

const request = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

describe('an upstream with proxyProtocol', () => {
  let torus: RunningTorus;
  let plain: TestUpstream & { readonly seen: SeenConnection[] };
  let secure: TestUpstream & { readonly seen: SeenConnection[] };

  beforeAll(async () => {
    const certificate = await testCertificate();
    plain = await startProxiedUpstream();
    secure = await startProxiedUpstream(certificate);
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const dead = `http://127.0.0.1:${String(await freePort())}`;
    const secureUrl = `https://localhost:${String(secure.port)}`;
    const ca = { ca: certificate.caFile };
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0' },
          { name: 'h2', address: '127.0.0.1:0', tls },
          { name: 'proxied', address: '127.0.0.1:0', proxyProtocol: ['127.0.0.1'] },
        ],
        admin: { address: '127.0.0.1:0' },
        trustedProxies: ['127.0.0.8'],
        upstreams: {
          v1: { endpoints: [plain.url], proxyProtocol: 'v1' },
          v2: { endpoints: [plain.url], proxyProtocol: 'v2' },
          secure: { endpoints: [secureUrl], tls: ca, proxyProtocol: 2 },
          narrow: { endpoints: [plain.url], proxyProtocol: 'v2', pool: { maxConnections: 1 } },
          dead: { endpoints: [dead], proxyProtocol: 'v2' },
          'secure-dead': { endpoints: [dead.replace('http', 'https')], proxyProtocol: 'v2' },
        },
        routes: ['v1', 'v2', 'secure', 'narrow', 'dead', 'secure-dead'].map((name) => ({
          name,
          match: { path: `/${name}/*` },
          upstream: name,
        })),
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await plain.close();
    await secure.close();
  });

  const client = (localAddress: string, listener = 'plain') =>
    rawClient({ port: torus.port(listener), localAddress });

  it.each([
    ['v1', 'v1'],
    ['v2', 'v2'],
    ['secure', 'v2'],
  ])('is told who the client is, and where it connected to (%s)', async (route, version) => {
    await using one = await client('127.0.0.2');
    const response = await one.exchange(request(`/${route}/`));
    expect([response.status, response.text()]).toEqual([200, '127.0.0.2 1']);
    const { seen } = route === 'secure' ? secure : plain;
    expect(seen.at(-1)).toMatchObject({
      version,
      addresses: {
        sourceAddress: '127.0.0.2',
        sourcePort: one.socket.localPort,
        destinationAddress: '127.0.0.1',
        destinationPort: torus.port('plain'),
      },
    });
  });

  it.each(['v1', 'secure'])('keeps a connection for the client it was made for (%s)', async (route) => {
    await using one = await client('127.0.0.2');
    await using two = await client('127.0.0.3');
    const texts: string[] = [];
    for (const from of [one, two, one, two, one])
      texts.push((await from.exchange(request(`/${route}/`))).text());
    expect(texts).toEqual(['127.0.0.2 1', '127.0.0.3 1', '127.0.0.2 2', '127.0.0.3 2', '127.0.0.2 3']);
  });

  it('never lends it to another connection of the same address', async () => {
    await using one = await client('127.0.0.2');
    await using two = await client('127.0.0.2');
    expect((await one.exchange(request('/v2/'))).text()).toBe('127.0.0.2 1');
    expect((await two.exchange(request('/v2/'))).text()).toBe('127.0.0.2 1');
  });

  it('serves clients in turn where there is one connection at a time', async () => {
    const clients = await Promise.all(['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((from) => client(from)));
    const rounds = await Promise.all(
      clients.map(async (one) => {
        const first = await one.exchange(request('/narrow/'));
        return [first.text(), (await one.exchange(request('/narrow/'))).text()];
      }),
    );
    rounds.forEach(([first, second], at) => {
      expect([first, second].map((text) => text?.split(' ')[0])).toEqual([
        `127.0.0.${String(at + 2)}`,
        `127.0.0.${String(at + 2)}`,
      ]);
    });
    await Promise.all(clients.map((one) => one.close()));
  });

  it('serves the requests of an HTTP/2 client, which come all at once', async () => {
    const session = await http2Session({ port: torus.port('h2') });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => http2Ask(session, { ':path': '/v2/h2' })),
    );
    expect(new Set(answers.map((answer) => answer.text().split(' ')[0]))).toEqual(new Set(['127.0.0.1']));
    await closeHttp2(session);
  });

  it('is told the client that a trusted proxy names, without a port', async () => {
    await using one = await client('127.0.0.8');
    const response = await one.exchange(request('/v1/', 'X-Forwarded-For: 203.0.113.5\r\n'));
    expect(response.text()).toBe('203.0.113.5 1');
    expect(plain.seen.at(-1)?.addresses).toMatchObject({ sourceAddress: '203.0.113.5', sourcePort: 0 });
    const other = await one.exchange(request('/v1/', 'X-Forwarded-For: 2001:db8::5\r\n'));
    expect(other.text()).toBe('2001:db8::5 1');
    expect(plain.seen.at(-1)?.addresses).toMatchObject({ destinationAddress: '::ffff:127.0.0.1' });
  });

  it('is told the client that a PROXY header named, and where that one connected to', async () => {
    await using one = await client('127.0.0.1', 'proxied');
    const header = 'PROXY TCP4 203.0.113.6 198.51.100.1 4321 443\r\n';
    expect((await one.exchange(`${header}${request('/v2/')}`)).text()).toBe('203.0.113.6 1');
    expect(plain.seen.at(-1)?.addresses).toEqual({
      sourceAddress: '203.0.113.6',
      sourcePort: 4321,
      destinationAddress: '198.51.100.1',
      destinationPort: 443,
    });
  });

  it.each(['dead', 'secure-dead'])('that is dead is answered as any dead one (%s)', async (route) => {
    await using one = await client('127.0.0.2');
    const response = await one.exchange(request(`/${route}/`));
    expect(response.status).toBe(502);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.connect.refused' });
  });

  it('leaves no socket behind', async () => {
    plain.resetAll();
    secure.resetAll();
    await until(async () => {
      const { upstream, downstream } = await ledgerOf(torus);
      return upstream === 0 && downstream === 0;
    });
  });

  it.each(['http2', 'auto'])('cannot speak %s, whose connections serve many clients', async (protocol) => {
    const broken = await startTorus({
      config: {
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        upstreams: { main: { endpoints: ['http://127.0.0.1:1'], protocol, proxyProtocol: 'v2' } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
      },
      waitUntilReady: false,
    });
    expect((await broken.exit).code).not.toBe(0);
    expect(JSON.stringify(broken.logs())).toContain('upstreams.main.proxyProtocol');
    await broken.stop();
  });

  describeWithNginx('of nginx', () => {
    it.each(['v1', 'v2'])('sees the client (%s)', async (proxyProtocol) => {
      const port = await freePort();
      const nginx = await startNginx(
        `listen 127.0.0.1:${String(port)} proxy_protocol; location / { return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_port"; }`,
      );
      const gateway = await startGateway(`http://127.0.0.1:${String(port)}`, proxyProtocol);
      const one = await rawClient({ port: gateway.port(), localAddress: '127.0.0.2' });
      const { localPort } = one.socket;
      for (let round = 0; round < 3; round += 1) {
        const response = await one.exchange(request('/'));
        expect(response.text()).toBe(`127.0.0.2 ${String(localPort)} ${String(gateway.port())}`);
      }
      await one.close();
      await gateway.stop();
      await nginx.stop();
    });
  });

  it.each(['http', 'https'])('is checked with a header that names nobody (%s)', async (scheme) => {
    const checked = scheme === 'http' ? plain : secure;
    const url = scheme === 'http' ? plain.url : `https://localhost:${String(secure.port)}`;
    const seenBefore = checked.seen.length;
    const upstream = {
      proxyProtocol: 'v2',
      tls: { verify: false },
      healthCheck: { http: '/health', interval: '300ms' },
    };
    await using gateway = await startGateway(url, 'v2', upstream);
    await until(() => checked.seen.length > seenBefore + 2, 5_000, 'three checks');
    expect(checked.seen.slice(seenBefore)).toContainEqual({
      addresses: undefined,
      version: 'v2',
      requests: 1,
    });
    const one = await rawClient({ port: gateway.port(), localAddress: '127.0.0.2' });
    expect((await one.exchange(request('/'))).text()).toBe('127.0.0.2 1');
    await one.close();
  });

  describeWithHaproxy('of HAProxy', () => {
    it.each(['v1', 'v2'])(
      'sees the client, also of a WebSocket that it refuses (%s)',
      async (proxyProtocol) => {
        const haproxy = await startHaproxyWith(
          (port) => `
defaults
  mode http
  timeout client 5s
  timeout server 5s
frontend echo
  bind 127.0.0.1:${String(port)} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst_port]"
`,
        );
        const gateway = await startGateway(haproxy.url, proxyProtocol);
        const one = await rawClient({ port: gateway.port(), localAddress: '127.0.0.2' });
        const response = await one.exchange(request('/'));
        expect(response.text()).toBe(`127.0.0.2 ${String(one.socket.localPort)} ${String(gateway.port())}`);
        await one.close();
        const socket = new WebSocket(`ws://127.0.0.1:${String(gateway.port())}/`, {
          localAddress: '127.0.0.3',
        });
        const [, refused] = (await once(socket, 'unexpected-response')) as [unknown, NodeJS.ReadableStream];
        let text = '';
        for await (const chunk of refused) text += String(chunk);
        expect(text).toMatch(/^127\.0\.0\.3 /);
        await gateway.stop();
        await haproxy.stop();
      },
    );
  });
});

const startGateway = (url: string, proxyProtocol: string, more = {}): Promise<RunningTorus> =>
  startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { main: { endpoints: [url], proxyProtocol, ...more } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
    },
  });
