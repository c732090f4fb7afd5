/** PROXY headers of clients' load balancers: who may send them, who must, and whom they name. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { localProxyHeader } from '../../../src/http/local-proxy-header.js';
import { proxyHeader } from '../../../src/proxy/codec/proxy-protocol/index.js';
import {
  describeWithHaproxy,
  http2Ask,
  rawClient,
  ResponseReader,
  startHaproxyWith,
  startHttpUpstream,
  startTorus,
  sumOf,
  testCertificate,
  until,
  within,
  type ReadResponse,
  type RunningTorus,
  type TestCertificate,
  type TestUpstream,
} from '../../support/index.js';

const CLIENT = {
  sourceAddress: '203.0.113.7',
  sourcePort: 40_000,
  destinationAddress: '198.51.100.1',
  destinationPort: 443,
};
const CLIENT6 = { ...CLIENT, sourceAddress: '2001:db8::7', destinationAddress: '2001:db8::1' };
const request = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

/** What the upstream was told of the client, in the answer of the echo. */
const forwardedFor = (text: string): string =>
  (JSON.parse(text) as { headers: Record<string, string> }).headers['x-forwarded-for'] ?? '';

describe('a listener with proxyProtocol', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let certificate: TestCertificate;

  beforeAll(async () => {
    certificate = await testCertificate();
    upstream = await startHttpUpstream();
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    const proxyProtocol = { from: ['127.0.0.1/32'], timeout: '1s' };
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0', proxyProtocol },
          { name: 'both', address: '127.0.0.1:0', protocols: ['http1', 'http2'], proxyProtocol },
          { name: 'secure', address: '127.0.0.1:0', tls, proxyProtocol },
          { name: 'strangers', address: '127.0.0.1:0', proxyProtocol: ['192.0.2.0/24'] },
          { name: 'proxies', address: '127.0.0.1:0', proxyProtocol: true },
        ],
        trustedProxies: ['127.0.0.1'],
        admin: { address: '127.0.0.1:0' },
        upstreams: { main: { endpoints: [upstream.url] } },
        routes: [
          { name: 'all', match: { path: '/*' }, upstream: 'main' },
          {
            name: 'office',
            match: { path: '/office' },
            upstream: 'main',
            filters: [{ 'ip-allow': { allow: ['203.0.113.0/24'] } }],
          },
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const connect = async (listener: string): Promise<Socket> => {
    const socket = connectTcp({ port: torus.port(listener), host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined); // how it ended is asked below
    await once(socket, 'connect');
    return socket;
  };

  const readAnswer = (socket: Socket): Promise<ReadResponse> => {
    const reader = new ResponseReader('GET');
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    return until(() => (reader.done ? reader.result() : undefined), 5_000, 'the response');
  };

  const ask = async (listener: string, bytes: Buffer | string): Promise<ReadResponse> => {
    const client = await rawClient({ port: torus.port(listener) });
    const response = await client.exchange(bytes);
    await client.close();
    return response;
  };

  const metric = async (name: string, labels: Record<string, string>): Promise<number> =>
    sumOf(await (await torus.admin('/metrics')).text(), name, labels);

  /** Sends it, and waits until it was refused with this cause. */
  const expectRefusal = async (listener: string, bytes: Buffer | string, cause: string): Promise<void> => {
    const labels = { listener, reason: 'proxy-header' };
    const before = await metric('torus_connections_refused_total', labels);
    const rejected = await metric('torus_rejected_requests_total', { listener, cause });
    const client = await rawClient({ port: torus.port(listener) });
    await client.send(bytes);
    await client.ended();
    expect(client.receivedBytes).toBe(0);
    await client.close();
    await until(async () => (await metric('torus_connections_refused_total', labels)) === before + 1);
    expect(await metric('torus_rejected_requests_total', { listener, cause })).toBe(rejected + 1);
  };

  it.each([
    ['version 1', proxyHeader('v1', CLIENT), '203.0.113.7'],
    ['version 1 with IPv6', proxyHeader('v1', CLIENT6), '2001:db8::7'],
    ['version 2', proxyHeader('v2', CLIENT), '203.0.113.7'],
    ['version 2 with IPv6', proxyHeader('v2', CLIENT6), '2001:db8::7'],
    [
      'version 2 with an IPv4-mapped address',
      Buffer.from(
        '0d0a0d0a000d0a515549540a21210024' + '00000000000000000000ffffcb007107'.repeat(2) + '00010002',
        'hex',
      ),
      '203.0.113.7',
    ],
    ['UNKNOWN', Buffer.from(localProxyHeader('v1'), 'latin1'), '127.0.0.1'],
    ['LOCAL', Buffer.from(localProxyHeader('v2'), 'latin1'), '127.0.0.1'],
  ])('takes the client from a header of %s', async (what, header, client) => {
    const path = `/named?${encodeURIComponent(what)}`;
    const response = await ask('plain', Buffer.concat([header, Buffer.from(request(path))]));
    expect([response.status, forwardedFor(response.text())]).toEqual([200, client]);
  });

  it.each(['v1', 'v2'] as const)(
    'reads a header of %s and a request that come byte by byte',
    async (version) => {
      const bytes = Buffer.concat([proxyHeader(version, CLIENT), Buffer.from(request('/bytes'))]);
      const socket = await connect('both');
      const answer = readAnswer(socket);
      for (const byte of bytes) {
        await new Promise<void>((resolve) => socket.write(Buffer.from([byte]), () => resolve()));
      }
      expect(forwardedFor((await answer).text())).toBe('203.0.113.7');
      socket.destroy();
    },
  );

  it.each(['v1', 'v2'] as const)(
    'reads a header of %s cut in two anywhere, and the handshake behind it',
    async (version) => {
      const header = proxyHeader(version, CLIENT);
      for (let cut = 1; cut <= header.length; cut += 1) {
        const tcp = await connect('secure');
        await new Promise<void>((resolve) => tcp.write(header.subarray(0, cut), () => resolve()));
        tcp.write(header.subarray(cut));
        const socket = connectTls({ socket: tcp, servername: 'localhost', ca: certificate.caPem });
        socket.on('error', () => undefined); // a missing answer tells
        socket.write(request('/secure'));
        expect(forwardedFor((await readAnswer(socket)).text())).toBe('203.0.113.7');
        socket.destroy();
      }
    },
  );

  it('reads a header that comes in one piece with the TLS handshake', async () => {
    const port = torus.port('secure');
    const relay = connectTcp({ port, host: '127.0.0.1' });
    // Held back until the ClientHello is there, then sent with it.
    const write = relay.write.bind(relay);
    relay.cork();
    write(proxyHeader('v2', CLIENT));
    const socket = connectTls({ socket: relay, servername: 'localhost', ca: certificate.caPem });
    setTimeout(() => relay.uncork(), 20);
    socket.on('error', () => undefined); // a missing answer tells
    socket.write(request('/together'));
    expect(forwardedFor((await readAnswer(socket)).text())).toBe('203.0.113.7');
    socket.destroy();
  });

  it.each(['both', 'secure'])(
    'names the client of every request of an HTTP/2 connection (%s)',
    async (listener) => {
      const tcp = await connect(listener);
      tcp.write(proxyHeader('v2', CLIENT));
      const isTls = listener === 'secure';
      const session = connectHttp2(isTls ? 'https://localhost' : 'http://localhost', {
        createConnection: () =>
          isTls
            ? connectTls({
                socket: tcp,
                servername: 'localhost',
                ca: certificate.caPem,
                ALPNProtocols: ['h2'],
              })
            : tcp,
      });
      session.on('error', () => undefined); // a missing answer tells
      const answers = await Promise.all(['/one', '/two'].map((path) => http2Ask(session, { ':path': path })));
      expect(answers.map((answer) => forwardedFor(answer.text()))).toEqual(['203.0.113.7', '203.0.113.7']);
      session.destroy();
    },
  );

  it('shows the client to filters and to the access log', async () => {
    const allowed = await ask(
      'plain',
      Buffer.concat([proxyHeader('v1', CLIENT), Buffer.from(request('/office'))]),
    );
    expect(allowed.status).toBe(200);
    const refused = await ask(
      'plain',
      Buffer.concat([proxyHeader('v1', CLIENT6), Buffer.from(request('/office'))]),
    );
    expect(refused.status).toBe(403);
    const line = await torus.waitForLog((at) => at.msg === 'access' && at['status'] === 403);
    expect(line['client']).toBe('2001:db8::7');
  });

  it('does not believe the forwarding fields of the client, though it believes its load balancer', async () => {
    const spoof = request('/spoof').replace('Connection', 'X-Forwarded-For: 10.1.2.3\r\nConnection');
    const response = await ask('plain', Buffer.concat([proxyHeader('v1', CLIENT), Buffer.from(spoof)]));
    expect(forwardedFor(response.text())).toBe('203.0.113.7');
  });

  it('refuses a connection of a sender that begins without a header', async () => {
    await expectRefusal('plain', request('/bare'), 'downstream.proxy-header.missing');
    await expectRefusal('secure', Buffer.from([0x16, 3, 1]), 'downstream.proxy-header.missing');
    const line = await torus.waitForLog((at) => at['cause'] === 'downstream.proxy-header.missing');
    expect(line).toMatchObject({ msg: 'access', status: 0, listener: 'plain', client: '127.0.0.1' });
  });

  it.each([
    ['a broken line', 'PROXY TCP4 203.0.113.7\r\n'],
    ['a line without an end', `PROXY TCP4 ${'1'.repeat(200)}`],
    ['a version 2 of an unknown command', Buffer.from('0d0a0d0a000d0a515549540a2f110000', 'hex')],
    ['a wrong checksum', Buffer.from('0d0a0d0a000d0a515549540a200000070300040badcafe', 'hex')],
  ])('refuses %s', async (_what, bytes) => {
    await expectRefusal('plain', bytes, 'downstream.proxy-header.malformed');
  });

  it.each(['plain', 'secure'])('refuses a header that does not come in time (%s)', async (listener) => {
    await expectRefusal(listener, 'PROXY TCP4 20', 'downstream.proxy-header.timeout');
    await expectRefusal(listener, '', 'downstream.proxy-header.timeout');
  });

  it('takes a look at the port for what it is', async () => {
    const labels = { listener: 'plain', reason: 'proxy-header' };
    const before = await metric('torus_connections_refused_total', labels);
    const socket = await connect('plain');
    socket.end();
    await once(socket.resume(), 'close');
    expect(await metric('torus_connections_refused_total', labels)).toBe(before);
  });

  it('reads no header of a peer that is not named: it is a malformed request', async () => {
    for (const version of ['v1', 'v2'] as const) {
      const response = await ask(
        'strangers',
        Buffer.concat([proxyHeader(version, CLIENT), Buffer.from(request('/none'))]),
      );
      expect(response.status).toBe(400);
    }
    const plain = await ask('strangers', request('/plain'));
    expect(forwardedFor(plain.text())).toBe('127.0.0.1');
  });

  it('takes headers from the trusted proxies where it names nobody', async () => {
    const response = await ask(
      'proxies',
      Buffer.concat([proxyHeader('v1', CLIENT), Buffer.from(request('/trusted'))]),
    );
    expect(forwardedFor(response.text())).toBe('203.0.113.7');
  });

  it('leaves no socket behind', async () => {
    await until(async () => (await metric('torus_sockets_open', { side: 'downstream' })) === 0);
  });

  describeWithHaproxy('behind HAProxy', () => {
    const frontend = (port: number, listener: string, options: string): string => `
defaults
  mode tcp
  timeout client 5s
  timeout server 5s
  timeout connect 2s
listen front
  bind 127.0.0.1:${String(port)}
  server torus 127.0.0.1:${String(torus.port(listener))} ${options}
`;

    it.each([
      'send-proxy',
      'send-proxy-v2',
      'send-proxy-v2-ssl-cn',
      'send-proxy-v2 proxy-v2-options crc32c,unique-id',
    ])('serves clients over plain and TLS listeners (%s)', async (options) => {
      for (const listener of ['plain', 'secure']) {
        const haproxy = await startHaproxyWith((port) => frontend(port, listener, options));
        const tls = listener === 'secure' ? { tls: { ca: certificate.caPem } } : {};
        const client = await rawClient({ port: haproxy.port, localAddress: '127.0.0.9', ...tls });
        const response = await client.exchange(request('/haproxy'));
        expect([response.status, forwardedFor(response.text())]).toEqual([200, '127.0.0.9']);
        await client.close();
        await haproxy.stop();
      }
    });

    it('answers its health checks, which name nobody', async () => {
      const haproxy = await startHaproxyWith(
        (port) => `
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 2s
listen front
  bind 127.0.0.1:${String(port)}
  option httpchk GET /health
  server torus 127.0.0.1:${String(torus.port('plain'))} send-proxy-v2 check inter 1s
`,
      );
      const line = await torus.waitForLog((at) => at['path'] === '/health');
      expect(line).toMatchObject({ status: 200, client: '127.0.0.1' });
      await haproxy.stop();
    });
  });

  it('serves curl --haproxy-protocol', async () => {
    if (spawnSync('curl', ['--version']).status !== 0) throw new Error('curl is not installed');
    // Its peer address is not one of those that send headers.
    const curl = spawn('curl', [
      '-sk',
      '--http2',
      '--haproxy-protocol',
      '--interface',
      '127.0.0.5',
      torus.url('secure').replace('localhost', '127.0.0.1'),
    ]);
    const [code] = (await within(once(curl, 'close'), 5_000, 'curl')) as [number];
    expect(code).not.toBe(0);
    const named = spawn('curl', [
      '-sk',
      '--http2',
      '--haproxy-protocol',
      `${torus.url('secure').replace('localhost', '127.0.0.1')}/curl`,
    ]);
    let text = '';
    named.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await within(once(named, 'close'), 5_000, 'curl');
    expect(forwardedFor(text)).toBe('127.0.0.1');
  });
});
