/** The Dockerfile, checked without a container engine: its steps in a clean folder, then the result as an unprivileged user. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../support/free-port.js';
import { makeTempDir, removeTempDir } from '../support/temp-dir.js';
import { testCertificate } from '../support/test-certificate.js';
import { until } from '../support/until.js';

interface Image {
  readonly image: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly expose: number;
  readonly stopSignal: NodeJS.Signals;
  readonly healthcheck: { readonly flags: string; readonly command: readonly string[] };
  readonly command: readonly string[];
}

const ROOT = path.resolve(__dirname, '../..');
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** As `docker run --read-only --user` would: no rights on the tree but to read it. */
const unprivileged = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

const licenseTitle = (name: string): RegExp => new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm');

const replay = (dir: string): Image => {
  const script = path.join(ROOT, 'scripts/replay-dockerfile.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, dir], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the Dockerfile's steps failed:\n${stdout}${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Image;
};

describe('the image', () => {
  let dir: string;
  let image: Image;
  let child: ChildProcess | undefined;

  beforeAll(() => {
    dir = makeTempDir('image');
    chmodSync(dir, 0o755);
    image = replay(dir);
  }, 180_000);

  afterAll(() => {
    if (child?.exitCode === null) child.kill('SIGKILL');
    spawnSync('chmod', ['-R', 'u+w', dir]);
    removeTempDir(dir);
  });

  it('holds what production needs, and nothing else', () => {
    const entries = readdirSync(image.workdir).sort();
    expect(entries).toEqual(['dist', 'package.json', 'probe.mjs']);
    const licenses = readFileSync(path.join(image.workdir, 'dist/third-party-licenses.txt'), 'utf8');
    for (const name of ['pino', 'zod', 'jsonwebtoken']) expect(licenses).toMatch(licenseTitle(name));
    for (const name of ['typescript', 'jest', 'esbuild']) expect(licenses).not.toMatch(licenseTitle(name));
  });

  it('runs as an unprivileged user, names the HTTPS port and stops by SIGTERM', () => {
    expect(image).toMatchObject({ image: 'node:24-slim', user: 'node', expose: 8443, stopSignal: 'SIGTERM' });
    expect(image.command).toEqual(['node', 'dist/index.js']);
  });

  it('becomes healthy on a read-only tree, and leaves with 0 on SIGTERM', async () => {
    const certificate = await testCertificate();
    mkdirSync(path.join(image.workdir, 'certs'));
    cpSync(certificate.certFile, path.join(image.workdir, 'certs/cert.pem'));
    cpSync(certificate.keyFile, path.join(image.workdir, 'certs/key.pem'));
    spawnSync('chmod', ['-R', 'a-w,a+rX', image.workdir]);
    const env = {
      ...{ PATH: process.env['PATH'] ?? '', ...image.env },
      ...{
        PORT: '0',
        TORUS_UPSTREAM: 'http://127.0.0.1:9',
        TORUS_ADMIN: `127.0.0.1:${String(await freePort())}`,
      },
      ...{ TORUS_WORKERS: '1', JWT_SECRET: 'dummy_test_secret_for_ci_pipeline_only' },
    };
    const options = { cwd: image.workdir, env, ...unprivileged };
    const [program, ...args] = image.command;
    let output = '';
    const started = spawn(program!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    started.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    started.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const closed = once(started, 'close') as Promise<[number | null]>;
    const [probe, ...probeArgs] = image.healthcheck.command;
    const isHealthy = (): boolean => {
      if (started.exitCode !== null)
        throw new Error(`it exited with ${String(started.exitCode)}:\n${output}`);
      return spawnSync(probe!, probeArgs, { ...options, stdio: 'ignore' }).status === 0;
    };
    await until(isHealthy, 20_000, 'the health check to pass');
    started.kill(image.stopSignal);
    expect((await closed)[0]).toBe(0);
  });
});
