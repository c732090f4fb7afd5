/** Handshakes that fail. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { proxyHeader } from '../../../src/proxy/codec/proxy-protocol/index.js';
import {
  metricSum,
  startHttpUpstream,
  startTorus,
  testCertificate,
  until,
  whenNothingIsOpen,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

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
  const proxyProtocol = ['127.0.0.1'];
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'edge', address: '127.0.0.1:0', tls },
        { name: 'proxied', address: '127.0.0.1:0', tls, proxyProtocol },
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
