/** Starts the built gateway as a child process, the way production does, and drives it from outside. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endWithFile } from './left-behind.js';
import { childrenOf, isAlive } from './process-facts.js';
import { makeTempDir, removeTempDir } from './temp-dir.js';
import { TorusLog, type LogLine } from './torus-log.js';
import { until, within } from './until.js';

export const ENTRY = path.resolve(__dirname, '../../dist/index.js');

export interface TorusOptions {
  /** What `torus.yaml` would say; written as JSON, which is YAML. Listeners should use port 0. */
  readonly config?: object;
  /** On top of PATH and HOME only: nothing of the test run's environment leaks in. */
  readonly env?: Readonly<Record<string, string>>;
  /** After the entry; before `--config FILE`. */
  readonly args?: readonly string[];
  /** Where it runs; a temporary folder unless given. */
  readonly cwd?: string;
  readonly nodeArgs?: readonly string[];
  /** Another `dist/index.js`. */
  readonly entry?: string;
  /** `ulimit -n`, for it and for all of its processes. */
  readonly descriptors?: number;
  /** `false` resolves at once, for starts that are meant to fail. */
  readonly waitUntilReady?: boolean;
  /** Longest wait for readiness, milliseconds. */
  readonly startTimeoutMs?: number;
}

export interface TorusExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AdminRequest {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BoundAddress {
  readonly port: number;
  readonly tls: boolean;
  readonly url: string;
}

/** The last line of a worker that begins to serve: its listeners are named before it. */
const WORKER_ANNOUNCED = /^Worker \d+ listening for /;
const EXIT_TIMEOUT_MS = 20_000;

const numberIn = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  const text = typeof value === 'string' ? /(\d+)$/.exec(value)?.[1] : undefined;
  return text === undefined ? undefined : Number(text);
};

const portIn = (line: LogLine): number | undefined => numberIn(line['port']) ?? numberIn(line['address']);

export class RunningTorus {
  readonly log = new TorusLog();
  readonly exit: Promise<TorusExit>;
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly dir: string;
  private readonly forget: () => void;
  private exited: TorusExit | undefined;

  constructor(child: ChildProcess, dir: string) {
    this.child = child;
    this.dir = dir;
    this.pid = child.pid!;
    this.log.follow(child.stdout!);
    this.log.follow(child.stderr!);
    this.forget = endWithFile(() => this.killGroup());
    this.exit = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.exited = { code, signal };
        this.log.close(`torus exited with ${String(code ?? signal)}`);
        resolve(this.exited);
      });
    });
  }

  /** All lines so far. */
  logs(): readonly LogLine[] {
    return this.log.lines;
  }

  waitForLog(matches: string | RegExp | ((line: LogLine) => boolean), timeoutMs?: number): Promise<LogLine> {
    return this.log.waitFor(matches, timeoutMs);
  }

  /** Where a listener ended up, by the line a worker logs for it; without a name, the first that was logged. */
  listener(name?: string): BoundAddress {
    const line = this.log.lines.find(
      (at) =>
        typeof at['listener'] === 'string' &&
        portIn(at) !== undefined &&
        (name === undefined || at['listener'] === name),
    );
    const port = line === undefined ? undefined : portIn(line);
    if (line === undefined || port === undefined)
      throw new Error(`no listener ${name ?? ''}\n${this.log.tail()}`);
    const tls = line['tls'] === true || line.msg.includes('HTTPS');
    return { port, tls, url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${String(port)}` };
  }

  port(name?: string): number {
    return this.listener(name).port;
  }

  url(name?: string): string {
    return this.listener(name).url;
  }

  get adminPort(): number | undefined {
    const line = this.log.lines.find(({ msg }) => msg.startsWith('Admin listening'));
    return line === undefined ? undefined : portIn(line);
  }

  /** Asks the admin API; the connection is not kept. */
  async admin(target: string, init: AdminRequest = {}): Promise<Response> {
    const port = this.adminPort;
    if (port === undefined) throw new Error(`the admin listener is not up\n${this.log.tail()}`);
    return fetch(`http://127.0.0.1:${String(port)}${target}`, {
      ...init,
      headers: { connection: 'close', ...init.headers },
    });
  }

  /** Ids of the worker processes alive now. */
  workers(): number[] {
    return childrenOf(this.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks for a graceful shutdown the way that works everywhere. */
  requestShutdown(): void {
    this.child.send({ type: 'TEST_SHUTDOWN' }, () => undefined);
  }

  /** Resolves when `/readyz` says 200. Rejects early when the process ends. */
  async ready(timeoutMs = 20_000): Promise<void> {
    await until(
      async () => {
        if (this.exited !== undefined) throw new Error(`torus exited while starting\n${this.log.tail()}`);
        return this.adminPort === undefined ? false : await this.readyz();
      },
      timeoutMs,
      `/readyz\n${this.log.tail()}`,
    );
    await this.noneStarting();
    await this.listenersLogged();
  }

  /** Shuts down, and asserts that the process ended by itself and left no process behind. Idempotent. */
  async stop(timeoutMs = EXIT_TIMEOUT_MS): Promise<TorusExit> {
    if (this.exited === undefined && this.child.connected) this.requestShutdown();
    else if (this.exited === undefined) this.signal('SIGTERM');
    try {
      const exit = await within(this.exit, timeoutMs, `torus to stop\n${this.log.tail()}`);
      await until(() => !this.groupAlive(), 5_000, 'every process of torus to be gone');
      return exit;
    } finally {
      this.killGroup();
      this.forget();
      removeTempDir(this.dir);
    }
  }

  /** SIGKILL to everything that is left. */
  killGroup(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // nothing is left
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Log lines travel by another way than the answer of /readyz, and may come later. A silent log has none at all. */
  private async listenersLogged(): Promise<void> {
    const announced = (): boolean => this.log.lines.some(({ msg }) => WORKER_ANNOUNCED.test(msg));
    await until(announced, 2_000).catch(() => undefined);
  }

  /** One worker is enough to serve; the others are still on their way then. One that cannot start keeps no test waiting. */
  private async noneStarting(): Promise<void> {
    const isOver = async (): Promise<boolean> => {
      const status = (await (await this.admin('/status')).json()) as {
        readonly workers: readonly { readonly phase: string }[];
      };
      return status.workers.every(({ phase }) => phase !== 'starting');
    };
    await until(isOver, 5_000).catch(() => undefined);
  }

  private async readyz(): Promise<boolean> {
    try {
      const response = await this.admin('/readyz');
      await response.arrayBuffer();
      return response.status === 200;
    } catch {
      return false; // not listening yet
    }
  }

  private groupAlive(): boolean {
    return isAlive(-this.pid);
  }
}

const commandOf = (command: readonly string[], descriptors?: number): readonly string[] =>
  descriptors === undefined
    ? command
    : ['/bin/sh', '-c', 'ulimit -n "$0" && exec "$@"', String(descriptors), ...command];

/** Spawns `dist/index.js` and, unless told otherwise, waits until it serves. Always `stop()` it. */
export const startTorus = async (options: TorusOptions = {}): Promise<RunningTorus> => {
  if (!existsSync(ENTRY)) throw new Error('dist/index.js is missing: run `npm run build`');
  const dir = makeTempDir('run');
  const file = path.join(dir, 'torus.yaml');
  const args = [...(options.nodeArgs ?? []), options.entry ?? ENTRY, ...(options.args ?? [])];
  if (options.config !== undefined) {
    writeFileSync(file, JSON.stringify(options.config, null, 2), { mode: 0o600 });
    args.push('--config', file);
  }
  const { PATH = '', HOME = '' } = process.env;
  const [command, ...rest] = commandOf([process.execPath, ...args], options.descriptors);
  const child = spawn(command!, rest, {
    cwd: options.cwd ?? dir,
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A process group of its own, so that nothing it forks can hide.
    detached: true,
  });
  const torus = new RunningTorus(child, dir);
  if (options.waitUntilReady === false) return torus;
  try {
    await torus.ready(options.startTimeoutMs);
  } catch (error) {
    await torus.stop().catch(() => undefined);
    throw error;
  }
  return torus;
};
