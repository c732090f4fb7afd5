/** Handshakes that fail: who gets a line of the access log, what it says, and who is only counted. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { proxyHeader } from '../../../src/proxy/codec/proxy-protocol/index.js';
import {
  metricSum,
  opensslClient,
  startHttpUpstream,
  startTorus,
  testCertificate,
  until,
  whenNothingIsOpen,
  type LogLine,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/** Without it the client itself would refuse to speak so old a TLS. */
const OLD = ['-cipher', 'ALL:@SECLEVEL=0'];
const HTTP = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
const PART_OF_A_RECORD = Buffer.from([0x16, 0x03, 0x01]);
const NAMED = {
  sourceAddress: '203.0.113.7',
  sourcePort: 40_000,
  destinationAddress: '198.51.100.1',
  destinationPort: 443,
};

let torus: RunningTorus;
let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startHttpUpstream();
  const { certFile, keyFile } = await testCertificate();
  const tls = { certificates: [{ cert: certFile, key: keyFile }] };
  const timeouts = { tlsHandshake: '300ms' };
  const proxyProtocol = ['127.0.0.1'];
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'edge', address: '127.0.0.1:0', tls },
        { name: 'brief', address: '127.0.0.1:0', tls, timeouts },
        { name: 'proxied', address: '127.0.0.1:0', tls, proxyProtocol },
        { name: 'http2', address: '127.0.0.1:0', tls, protocols: ['http2'] },
      ],
      admin: { address: '127.0.0.1:0' },
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
    },
  });
});
afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

const dial = async (listener: string): Promise<Socket> => {
  const socket = connectTcp({ port: torus.port(listener), host: '127.0.0.1', noDelay: true });
  // How it ends is asked of Torus.
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'connect');
  return socket;
};

const send = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((resolve) => socket.write(bytes, () => resolve()));

const accessLines = (): LogLine[] => torus.logs().filter(({ msg }) => msg === 'access');

/** The one line that `act` leads to. */
const lineAfter = async (act: () => Promise<unknown>): Promise<LogLine> => {
  const before = accessLines().length;
  await act();
  const line = await until(() => accessLines()[before]);
  await whenNothingIsOpen(torus);
  expect(accessLines()).toHaveLength(before + 1);
  return line;
};

const failures = (listener: string): Promise<number> =>
  metricSum(torus, 'torus_tls_handshake_failures_total', { listener });

const speaks = async (bytes: Buffer, listener = 'edge'): Promise<Socket> => {
  const socket = await dial(listener);
  await send(socket, bytes);
  return socket;
};

describe('a line of the access log, with the code that the metric has, is for a client', () => {
  const openssl = (...args: readonly string[]) =>
    opensslClient({ port: torus.port('edge'), path: '/', args });
  it.each([
    [
      'that speaks too old a TLS',
      () => openssl('-tls1_1', ...OLD),
      /^ERR_SSL_(UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW)$/,
    ],
    [
      'with no suite in common',
      () => openssl('-tls1_2', '-cipher', 'AES128-SHA'),
      /^ERR_SSL_NO_SHARED_CIPHER$/,
    ],
    [
      'that trusts no such certificate',
      () => openssl('-verify_return_error'),
      /^ERR_SSL_.*ALERT_UNKNOWN_CA$/,
    ],
    ['that speaks plain HTTP', () => speaks(HTTP), /^ERR_SSL_HTTP_REQUEST$/],
    ['that speaks no TLS', () => speaks(Buffer.from('SSH-2.0-here')), /^ERR_SSL_[A-Z_]+$/],
  ])('%s', async (_title, act, code) => {
    const before = await failures('edge');
    const line = await lineAfter(act);
    expect(line).toMatchObject({
      status: 0,
      cause: 'downstream.tls.failed',
      detail: expect.stringMatching(code) as string,
      listener: 'edge',
      client: '127.0.0.1',
    });
    expect(await failures('edge')).toBe(before + 1);
    const labels = { listener: 'edge', code: String(line['detail']) };
    expect(await metricSum(torus, 'torus_tls_handshake_failures_total', labels)).toBeGreaterThan(0);
  });

  it('that has reset its connection meanwhile', async () => {
    const labels = { side: 'downstream', owner: 'edge' };
    const [worker] = torus.workers();
    const line = await lineAfter(async () => {
      const socket = await dial('edge');
      await until(async () => (await metricSum(torus, 'torus_sockets_open', labels)) === 1);
      // So that the reset is there before Torus looks at the bytes.
      process.kill(worker!, 'SIGSTOP');
      await send(socket, HTTP);
      socket.resetAndDestroy();
      process.kill(worker!, 'SIGCONT');
    });
    expect(line).toMatchObject({ detail: 'ERR_SSL_HTTP_REQUEST', client: '127.0.0.1' });
  });

  it('that a PROXY header names', async () => {
    const line = await lineAfter(() => speaks(Buffer.concat([proxyHeader('v2', NAMED), HTTP]), 'proxied'));
    expect(line).toMatchObject({ cause: 'downstream.tls.failed', client: '203.0.113.7' });
  });

  it('that names no protocol where only HTTP/2 is spoken', async () => {
    const line = await lineAfter(async () => {
      const socket = connectTls({ port: torus.port('http2'), host: '127.0.0.1', rejectUnauthorized: false });
      socket.on('error', () => undefined).resume();
      await once(socket, 'close');
    });
    expect(line).toMatchObject({ status: 0, cause: 'downstream.tls.failed', detail: 'no-protocol' });
  });

  it.each([
    ['that says nothing', undefined, 'silent'],
    ['that stops in the middle', PART_OF_A_RECORD, undefined],
  ])('%s until its time is over', async (_title, bytes, detail) => {
    const line = await lineAfter(async () => {
      const socket = await dial('brief');
      if (bytes !== undefined) await send(socket, bytes);
      await once(socket, 'close');
    });
    expect(line).toMatchObject({ status: 0, cause: 'downstream.tls.timeout', client: '127.0.0.1' });
    expect(line['detail']).toBe(detail);
  });
});

it.each([
  ['before', 'edge', undefined],
  ['inside', 'edge', PART_OF_A_RECORD],
  ['behind a PROXY header, before', 'proxied', proxyHeader('v2', NAMED)],
])('who ends %s the handshake is let go of at once', async (_title, listener, bytes) => {
  const code = 'ECONNRESET';
  const left = (): Promise<number> =>
    metricSum(torus, 'torus_tls_handshake_failures_total', { listener, code });
  const before = await left();
  const socket = await dial(listener);
  if (bytes !== undefined) await send(socket, bytes);
  socket.end();
  await until(async () => (await left()) === before + 1);
  await whenNothingIsOpen(torus);
});

it('who leaves without a word is counted, and has no line', async () => {
  const before = await failures('edge');
  const lines = accessLines().length;
  for (const bytes of [undefined, PART_OF_A_RECORD])
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const socket = await dial('edge');
      if (bytes !== undefined) await send(socket, bytes);
      socket[leave]();
    }
  await until(async () => (await failures('edge')) === before + 4);
  await speaks(HTTP);
  await until(() => accessLines().length > lines);
  expect(accessLines().slice(lines)).toMatchObject([{ detail: 'ERR_SSL_HTTP_REQUEST' }]);
});
