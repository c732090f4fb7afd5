/** The certificate of the admin listener: renewed while it serves, and what commands say of one that they do not know. */
import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import {
  freePort,
  makeCertificate,
  makeTempDir,
  runCli,
  startTorus,
  until,
  type RunningTorus,
} from '../../support/index.js';

interface Pair {
  readonly certPem: string;
  readonly keyPem: string;
}

const TOKEN = 'a-token-of-the-admin-test';
const APPLIED = 'Configuration applied';

const selfSigned = async (): Promise<Pair> => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'admin.test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  });
  return { certPem: cert, keyPem: key };
};

let torus: RunningTorus;
let dir: string;
let file: string;
let port: number;
let before: Pair;
let after: Pair;

beforeAll(async () => {
  [before, after] = await Promise.all([selfSigned(), selfSigned()]);
});
afterEach(() => torus.stop());

const install = (pair: Pair, into: string): void => {
  writeFileSync(path.join(into, 'adm.key'), pair.keyPem, { mode: 0o600 });
  writeFileSync(path.join(into, 'adm.pem'), pair.certPem);
};

const textWith = (folder: string, admin: object = {}): string =>
  JSON.stringify({
    workers: 1,
    listeners: [{ name: 'web', address: '127.0.0.1:0' }],
    admin: {
      ...{ address: `127.0.0.1:${String(port)}`, token: TOKEN },
      tls: { cert: path.join(folder, 'adm.pem'), key: path.join(folder, 'adm.key') },
      ...admin,
    },
    routes: [{ name: 'all', match: { path: '/*' }, filters: [{ redirect: { location: '/' } }] }],
  });

const start = async (folder: string): Promise<void> => {
  port = await freePort();
  writeFileSync(file, textWith(folder));
  torus = await startTorus({ cwd: dir, waitUntilReady: false });
  await torus.waitForLog(/^Worker \d+ listening for /);
};

beforeEach(() => {
  dir = makeTempDir('admin-certificate');
  file = path.join(dir, 'torus.yaml');
});

const open = async (): Promise<TLSSocket> => {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
};

const isShown = async ({ certPem }: Pair): Promise<boolean> => {
  const socket = await open();
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return certPem.replaceAll(/\s/g, '').includes(raw.toString('base64'));
};

const ask = async (socket: TLSSocket, target: string, method = 'GET'): Promise<string> => {
  socket.write(
    `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 0\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString('latin1');
};

const timesLogged = (text: string): number => torus.logs().filter(({ msg }) => msg.includes(text)).length;
const untilLogged = (text: string, times = 1): Promise<unknown> =>
  until(() => timesLogged(text) >= times, 10_000, `${text} x ${String(times)}`);
const workersByFile = () => runCli(['workers', '--config', file], { cwd: dir });

it('is shown when its files change: connections stay, and commands go on', async () => {
  mkdirSync(path.join(dir, '..1'));
  mkdirSync(path.join(dir, '..2'));
  install(before, path.join(dir, '..1'));
  install(after, path.join(dir, '..2'));
  symlinkSync('..1', path.join(dir, '..data'));
  await start('..data');
  expect(await isShown(before)).toBe(true);
  const kept = await open();
  expect(await ask(kept, '/livez')).toMatch(/^HTTP\/1\.1 200 /);
  symlinkSync('..2', path.join(dir, '..data_tmp'));
  renameSync(path.join(dir, '..data_tmp'), path.join(dir, '..data'));
  await untilLogged(APPLIED);
  expect(await isShown(after)).toBe(true);
  expect(await ask(kept, '/livez')).toMatch(/^HTTP\/1\.1 200 /);
  kept.destroy();
  expect(await workersByFile()).toMatchObject({ status: 0, stderr: '' });
  expect(timesLogged('need a restart')).toBe(0);
});

it('is shown on SIGHUP and POST /config, while another change of admin waits for a restart', async () => {
  install(before, dir);
  await start('.');
  install(after, dir);
  writeFileSync(file, textWith('.', { token: `${TOKEN}-of-later` }));
  torus.signal('SIGHUP');
  await untilLogged(APPLIED);
  expect(await isShown(after)).toBe(true);
  expect(timesLogged('Changes of admin need a restart')).toBeGreaterThan(0);
  install(before, dir);
  const socket = await open();
  expect(await ask(socket, '/config', 'POST')).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
  expect(await isShown(before)).toBe(true);
});

it('stays while its key does not fit, or OpenSSL refuses the pair', async () => {
  install(before, dir);
  await start('.');
  writeFileSync(path.join(dir, 'adm.key'), after.keyPem);
  await untilLogged('does not belong to certificate file');
  expect(await isShown(before)).toBe(true);
  const short = await generate([{ name: 'commonName', value: 'short.test' }], {
    keySize: 512,
    algorithm: 'sha256',
  });
  install({ certPem: short.cert, keyPem: short.private }, dir);
  await untilLogged('The admin listener cannot serve the new configuration. The old one stays');
  expect(await isShown(before)).toBe(true);
  install(after, dir);
  await untilLogged(APPLIED);
  expect(await isShown(after)).toBe(true);
});

it('may be signed by an authority: commands expect the certificate that the configuration names', async () => {
  install(await makeCertificate(), dir);
  await start('.');
  expect(await workersByFile()).toMatchObject({ status: 0, stderr: '' });
});

it('is said to be unknown when a command was given another one', async () => {
  install(before, dir);
  await start('.');
  const other = path.join(dir, 'other.yaml');
  const elsewhere = makeTempDir('other-certificate');
  install(after, elsewhere);
  writeFileSync(other, textWith(elsewhere));
  const { status, stderr } = await runCli(['workers', '--config', other]);
  expect(status).toBe(2);
  expect(stderr).toContain(
    `the instance at 127.0.0.1:${String(port)} answers with a certificate that ${elsewhere}/adm.pem, which the configuration names, does not vouch for: `,
  );
  const named = await runCli(['workers', '--admin', `https://127.0.0.1:${String(port)}`]);
  expect(named.stderr).toContain(
    "answers with a certificate that the system's authorities and NODE_EXTRA_CA_CERTS do not vouch for: self-signed certificate",
  );
});
