/** A real HAProxy as the upstream: it answers every request itself, with what it understood of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, makeTempDir, rawClient, removeTempDir, until, within } from '../support/index.js';

export interface Haproxy {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

export const hasHaproxy = (): boolean => spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).status === 0;

const conf = (port: number): string => `
global
  maxconn 1000
defaults
  mode http
  timeout client 5s
  timeout http-request 5s
  timeout http-keep-alive 60s
frontend echo
  bind 127.0.0.1:${String(port)}
  option http-buffer-request
  http-request return status 200 content-type text/plain hdr x-echo "%[method] %[url]" hdr x-size "%[req.body_size]"
`;

const accepts = async (port: number): Promise<boolean> => {
  try {
    await (await rawClient({ port })).close();
    return true;
  } catch {
    return false;
  }
};

export const startHaproxy = async (): Promise<Haproxy> => {
  if (!hasHaproxy()) throw new Error('haproxy is not installed (Debian: apt-get install haproxy)');
  const dir = makeTempDir('haproxy');
  const file = path.join(dir, 'haproxy.cfg');
  const port = await freePort();
  writeFileSync(file, conf(port));
  const child = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
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

/** What stands in nginx's server block, so that it answers in the same way. */
export const NGINX_ECHO = `
  keepalive_requests 1000000; keepalive_timeout 60s; merge_slashes off; large_client_header_buffers 4 32k;
  location / { add_header x-echo "$request_method $request_uri" always; return 200 ""; }
`;
