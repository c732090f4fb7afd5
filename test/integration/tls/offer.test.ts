/** What a TLS listener takes and what it refuses, as OpenSSL's own client sees it. */
import { once } from 'node:events';
import { connect } from 'node:tls';
import {
  echo,
  metricSum,
  opensslClient,
  startHttpUpstream,
  startTorus,
  testCertificate,
  type OpensslResult,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/** Without it the client itself would refuse to speak so old a TLS. */
const OLD = ['-cipher', 'ALL:@SECLEVEL=0'];
const [opensslMajor = 0, opensslMinor = 0] = process.versions.openssl.split('.').map(Number);
const HAS_HYBRID = opensslMajor > 3 || (opensslMajor === 3 && opensslMinor >= 5);

let upstream: TestUpstream;
let torus: RunningTorus;

beforeAll(async () => {
  upstream = await startHttpUpstream(echo);
  const { certFile, keyFile } = await testCertificate();
  const certificates = [{ cert: certFile, key: keyFile }];
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'edge', address: '127.0.0.1:0', tls: { certificates } },
        { name: 'modern', address: '127.0.0.1:0', tls: { certificates, minVersion: 'TLSv1.3' } },
      ],
      admin: { address: '127.0.0.1:0' },
      upstreams: { echo: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'echo' }],
    },
  });
});
afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

const ask = (args: readonly string[], listener = 'edge'): Promise<OpensslResult> =>
  opensslClient({ port: torus.port(listener), path: '/', args });

it.each([
  ['TLS 1.2', ['-tls1_2'], 'edge', 'TLSv1.2'],
  ['TLS 1.3', ['-tls1_3'], 'edge', 'TLSv1.3'],
  ['TLS 1.3 where nothing older is allowed', ['-tls1_3'], 'modern', 'TLSv1.3'],
])('%s is spoken', async (_, args, listener, version) => {
  expect(await ask(args, listener)).toMatchObject({ status: 200, version });
});

it.each([
  ['TLS 1.0', ['-tls1', ...OLD], 'edge', 'alert protocol version'],
  ['TLS 1.1', ['-tls1_1', ...OLD], 'edge', 'alert protocol version'],
  ['TLS 1.2 where it is too old', ['-tls1_2'], 'modern', 'alert protocol version'],
  ['a CBC suite', ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-SHA256'], 'edge', 'alert handshake failure'],
  ['key exchange by RSA', ['-tls1_2', '-cipher', 'AES128-GCM-SHA256'], 'edge', 'alert handshake failure'],
  ['P-521', ['-tls1_3', '-groups', 'P-521'], 'edge', 'alert handshake failure'],
  ['a finite field', ['-tls1_3', '-groups', 'ffdhe2048'], 'edge', 'alert handshake failure'],
])('%s is refused and counted', async (_, args, listener, alert) => {
  const failures = (): Promise<number> =>
    metricSum(torus, 'torus_tls_handshake_failures_total', { listener });
  const before = await failures();
  const refused = await ask(args, listener);
  expect(refused).toMatchObject({ status: 0, version: '', exitCode: 1 });
  expect(refused.output).toContain(alert);
  expect(await failures()).toBe(before + 1);
});

it.each(['X25519', 'P-256', 'P-384'])('key exchange by %s is taken', async (group) => {
  expect(await ask(['-tls1_3', '-groups', group])).toMatchObject({ status: 200 });
});

(HAS_HYBRID ? it : it.skip)('key exchange by X25519 with ML-KEM is taken', async () => {
  const socket = connect({
    port: torus.port('edge'),
    rejectUnauthorized: false,
    ecdhCurve: 'X25519MLKEM768',
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  expect(socket.getProtocol()).toBe('TLSv1.3');
  socket.destroy();
});

const AES_128 = 'ECDHE-ECDSA-AES128-GCM-SHA256';
const AES_256 = 'ECDHE-ECDSA-AES256-GCM-SHA384';
const CHACHA = 'ECDHE-ECDSA-CHACHA20-POLY1305';

it.each([
  ['the server chooses AES-128', [AES_256, CHACHA, AES_128], AES_128],
  ['a client without AES in hardware gets ChaCha20', [CHACHA, AES_256, AES_128], CHACHA],
])('of the suites that both have %s', async (_, offered, chosen) => {
  const { output } = await ask(['-tls1_2', '-cipher', offered.join(':')]);
  expect(output).toContain(`TLSv1.2, Cipher is ${chosen}`);
});

it('a handshake inside a connection is refused', async () => {
  // `R` makes the client ask for one.
  const { output, exitCode } = await opensslClient({
    port: torus.port('edge'),
    args: ['-tls1_2'],
    commands: 'R\n',
  });
  expect(output).toContain('RENEGOTIATING');
  expect(output).toContain('no renegotiation');
  expect(exitCode).toBe(1);
});
