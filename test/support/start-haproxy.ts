/** A real HAProxy from the system's package, in the foreground, with a configuration that a test writes. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './free-port.js';
import { killWithFile } from './left-behind.js';
import { rawClient } from './raw-client.js';
import { makeTempDir, removeTempDir } from './temp-dir.js';
import { until, within } from './until.js';

export interface Haproxy {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

export const hasHaproxy = (): boolean => spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).status === 0;

/** For `describe`: skips where haproxy is not installed, but never on CI, where a missing haproxy must be seen. */
export const describeWithHaproxy = (title: string, body: () => void): void => {
  const run = hasHaproxy() || process.env['CI'] !== undefined ? describe : describe.skip;
  run(title, body);
};

const accepts = async (port: number): Promise<boolean> => {
  try {
    await (await rawClient({ port })).close();
    return true;
  } catch {
    return false;
  }
};

/** `conf` gets the port that one of its binds must take. */
export const startHaproxyWith = async (conf: (port: number) => string): Promise<Haproxy> => {
  if (!hasHaproxy()) throw new Error('haproxy is not installed (Debian: apt-get install haproxy)');
  const dir = makeTempDir('haproxy');
  const file = path.join(dir, 'haproxy.cfg');
  const port = await freePort();
  writeFileSync(file, conf(port));
  const child = killWithFile(
    spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const exited = once(child, 'exit');
  await until(() => child.exitCode !== null || accepts(port), 5_000, 'haproxy to listen');
  if (child.exitCode !== null) throw new Error(`haproxy did not start: ${complaints}`);
  return {
    port,
    url: `http://127.0.0.1:${String(port)}`,
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGKILL');
      await within(exited, 5_000, 'haproxy to exit');
      removeTempDir(dir);
    },
  };
};
