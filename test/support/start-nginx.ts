/** A real nginx as the upstream, from the system's package, in the foreground and with everything in a temporary folder. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './free-port.js';
import { killWithFile } from './left-behind.js';
import { makeTempDir, removeTempDir } from './temp-dir.js';
import { rawClient } from './raw-client.js';
import { until, within } from './until.js';

export interface Nginx {
  readonly port: number;
  readonly url: string;
  /** Folder served as document root. */
  readonly root: string;
  readonly pid: number;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const hasNginx = (): boolean => spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0;

/** For `describe`: skips where nginx is not installed, but never on CI, where a missing nginx must be seen. */
export const describeWithNginx = (title: string, body: () => void): void => {
  const run = hasNginx() || process.env['CI'] !== undefined ? describe : describe.skip;
  run(title, body);
};

const mainConf = (dir: string, port: number, server: string): string => `
daemon off; master_process off; pid ${dir}/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; default_type text/plain; client_max_body_size 0;
  client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi; scgi_temp_path ${dir}/scgi;
  server { listen 127.0.0.1:${String(port)}; root ${dir}/www; ${server} }
}`;

const accepts = async (port: number): Promise<boolean> => {
  try {
    await (await rawClient({ port })).close();
    return true;
  } catch {
    return false;
  }
};

/** `server` is what stands inside the one server block. Throws when nginx is missing or refuses the configuration. */
export const startNginx = async (server = ''): Promise<Nginx> => {
  if (!hasNginx()) throw new Error('nginx is not installed (Debian: apt-get install nginx-light)');
  const dir = makeTempDir('nginx');
  const root = path.join(dir, 'www');
  mkdirSync(root);
  const port = await freePort();
  const conf = path.join(dir, 'nginx.conf');
  writeFileSync(conf, mainConf(dir, port, server));
  const child = killWithFile(
    spawn('nginx', ['-p', dir, '-e', 'stderr', '-c', conf], {
      stdio: ['ignore', 'ignore', 'pipe'],
    }),
  );
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await within(exited, 5_000, 'nginx to exit');
    removeTempDir(dir);
  };
  await until(() => child.exitCode !== null || accepts(port), 5_000, 'nginx to listen');
  if (child.exitCode !== null) throw new Error(`nginx did not start: ${complaints}`);
  return {
    port,
    url: `http://127.0.0.1:${String(port)}`,
    root,
    pid: child.pid!,
    stop,
    [Symbol.asyncDispose]: stop,
  };
};
