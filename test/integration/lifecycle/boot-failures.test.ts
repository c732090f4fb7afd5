/** Starts that cannot work: one clear line, exit code 1, and no worker forked again and again. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import {
  makeCertificate,
  makeTempDir,
  startTorus,
  testCertificate,
  type LogLine,
  type TorusOptions,
} from '../../support/index.js';

interface FailedStart {
  readonly code: number | null;
  readonly lines: readonly LogLine[];
  /** Without the lines about what went well. */
  readonly complaints: readonly string[];
}

const failToStart = async (options: TorusOptions): Promise<FailedStart> => {
  const torus = await startTorus({ ...options, waitUntilReady: false });
  const { code } = await torus.exit;
  await torus.stop();
  const lines = torus.logs();
  const complaints = lines.filter((line) => String(line.level) !== 'info').map(({ msg }) => msg);
  return { code, lines, complaints };
};

const environment = {
  PORT: '0',
  TORUS_ADMIN: '127.0.0.1:0',
  TORUS_WORKERS: '2',
  TORUS_UPSTREAM: 'http://127.0.0.1:9',
  JWT_SECRET: 'only-for-tests-'.repeat(5),
};

const plain = (address: string): object => ({
  workers: 2,
  listeners: [{ name: 'edge', address }],
  admin: { address: '127.0.0.1:0' },
  routes: [{ name: 'all', match: { path: '/*' }, filters: [{ redirect: { status: 302, location: '/x' } }] }],
});

/** A folder with `certs/cert.pem` and `certs/key.pem`, as the environment alone expects them. */
const folderWith = (certFile?: string, keyFile?: string): string => {
  const dir = makeTempDir('boot');
  mkdirSync(path.join(dir, 'certs'));
  if (certFile !== undefined) cpSync(certFile, path.join(dir, 'certs/cert.pem'));
  if (keyFile !== undefined) cpSync(keyFile, path.join(dir, 'certs/key.pem'));
  return dir;
};

describe('a start refuses', () => {
  it('a missing certificate', async () => {
    const { code, complaints } = await failToStart({ cwd: folderWith(), env: environment });
    expect(code).toBe(1);
    expect(complaints[0]).toMatch(/certs\/cert\.pem/);
    expect(complaints.every((line) => /certs\/(cert|key)\.pem/.test(line))).toBe(true);
  });

  it('a key that does not fit its certificate', async () => {
    const [one, other] = await Promise.all([testCertificate(), makeCertificate()]);
    const cwd = folderWith(one.certFile, other.keyFile);
    const { code, complaints } = await failToStart({ cwd, env: environment });
    expect([code, complaints.length]).toEqual([1, 1]);
    expect(complaints[0]).toMatch(/key/i);
  });

  it('a certificate that is none', async () => {
    const { keyFile } = await testCertificate();
    const garbage = path.join(makeTempDir('garbage'), 'cert.pem');
    writeFileSync(garbage, 'this is no certificate\n');
    const { code, complaints } = await failToStart({ cwd: folderWith(garbage, keyFile), env: environment });
    expect([code, complaints.length]).toEqual([1, 1]);
    expect(complaints[0]).toMatch(/certificate/i);
  });

  it('a missing JWT secret, in the words that operators look for', async () => {
    const { certFile, keyFile } = await testCertificate();
    const env = { ...environment, JWT_SECRET: '' };
    const { code, complaints } = await failToStart({ cwd: folderWith(certFile, keyFile), env });
    expect([code, complaints]).toEqual([1, ['JWT Secret is required to boot JWT Authenticator.']]);
  });

  it('a bad configuration, with its line', async () => {
    const cwd = makeTempDir('boot');
    writeFileSync(
      path.join(cwd, 'torus.yaml'),
      'workers: 2\nlisteners:\n  - name: edge\n    adress: 127.0.0.1:0\n',
    );
    const { code, complaints } = await failToStart({ cwd });
    expect(code).toBe(1);
    expect(complaints.some((line) => /^torus\.yaml:4: .*adress.*address/.test(line))).toBe(true);
  });

  it('a port that is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { code, complaints, lines } = await failToStart({ config: plain(`127.0.0.1:${String(port)}`) });
    holder.close();
    expect([code, complaints.length]).toEqual([1, 1]);
    expect(complaints[0]).toMatch(new RegExp(`edge.*${String(port)}.*in use`));
    expect(lines.some(({ msg }) => msg.includes('Forking a replacement'))).toBe(false);
  });

  it('an admin port that is in use, before it forks anything', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const config = { ...plain('127.0.0.1:0'), admin: { address: `127.0.0.1:${String(port)}` } };
    const { code, complaints } = await failToStart({ config });
    holder.close();
    expect([code, complaints.length]).toEqual([1, 1]);
    expect(complaints[0]).toMatch(new RegExp(`admin.*${String(port)}.*in use`));
  });

  it('not the admin port, when nobody asked for it: a free one is taken', async () => {
    const holder = createServer().listen(9901, '127.0.0.1');
    // Something else on the machine may hold it already, which is as good.
    await Promise.race([once(holder, 'listening'), once(holder, 'error')]).catch(() => undefined);
    const torus = await startTorus({ config: { ...plain('127.0.0.1:0'), admin: {} } });
    const [moved] = torus.logs().filter(({ msg }) => msg.includes('taking a free port'));
    expect(moved?.msg).toContain('9901');
    expect((await torus.admin('/livez')).status).toBe(200);
    await torus.stop();
    holder.close();
  });

  it('an address that cannot be resolved or is not here', async () => {
    for (const address of ['no-such-host.invalid:0', '192.0.2.1:0']) {
      const { code, complaints } = await failToStart({ config: plain(address) });
      expect([code, complaints.length]).toEqual([1, 1]);
      expect(complaints[0]).toContain(address.split(':')[0]);
    }
  });

  it('words that it does not understand', async () => {
    for (const args of [['fly'], ['run', '--wings'], ['run', 'extra']]) {
      const { code, complaints } = await failToStart({ args });
      expect(code).toBe(2);
      expect(complaints[0]).toMatch(/^torus: /);
      expect(complaints[0]).toContain(args.at(-1));
      expect(complaints[1]).toBe('Try: torus --help');
    }
  });
});
