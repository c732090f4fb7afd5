/** A real dnsmasq, from the system's package, on a port of its own and with nothing but the records of the test. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { freePort } from './free-port.js';
import { killWithFile } from './left-behind.js';
import { until, within } from './until.js';

export interface Dnsmasq {
  /** `127.0.0.1:port`. */
  readonly server: string;
  /** Starts again with these records: lines such as `--host-record=name,address,ttl`. */
  serve(records: readonly string[]): Promise<void>;
  /** Nobody answers any more. */
  kill(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const hasDnsmasq = (): boolean =>
  spawnSync('dnsmasq', ['--version'], { stdio: 'ignore' }).status === 0;

/** For `describe`: skips where dnsmasq is not installed, but never on CI, where a missing one must be seen. */
export const describeWithDnsmasq = (title: string, body: () => void): void => {
  const run = hasDnsmasq() || process.env['CI'] !== undefined ? describe : describe.skip;
  run(title, body);
};

const READY = 'ready.dnsmasq.test';

export const startDnsmasq = async (records: readonly string[]): Promise<Dnsmasq> => {
  if (!hasDnsmasq()) throw new Error('dnsmasq is not installed (Debian: apt-get install dnsmasq-base)');
  const port = await freePort();
  let child: ChildProcess | undefined;
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`127.0.0.1:${String(port)}`]);
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running?.exitCode !== null) return;
    const exited = once(running, 'exit');
    running.kill('SIGKILL');
    await within(exited, 5_000, 'dnsmasq to exit');
  };
  const serve = async (lines: readonly string[]): Promise<void> => {
    await kill();
    const started = killWithFile(
      spawn(
        'dnsmasq',
        [
          ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--no-poll'],
          ...[`--port=${String(port)}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--pid-file='],
          // Authoritative for all of .test: what is not listed does not exist.
          ...['--local=/test/', '--log-facility=-', `--host-record=${READY},127.0.0.1`],
          ...lines,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    );
    let complaints = '';
    started.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child = started;
    await until(
      async () => {
        if (started.exitCode !== null) throw new Error(`dnsmasq did not start: ${complaints}`);
        return resolver.resolve4(READY).catch(() => false as const);
      },
      5_000,
      'dnsmasq to answer',
    );
  };
  await serve(records);
  return { server: `127.0.0.1:${String(port)}`, serve, kill, [Symbol.asyncDispose]: kill };
};
