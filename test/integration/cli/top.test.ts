/** `torus top`: one frame for scripts, and the terminal as it was, whatever ends the program. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  ENTRY,
  childrenOf,
  freePort,
  rawClient,
  requestHead,
  runCli,
  startHttpUpstream,
  startTorus,
  until,
  within,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

jest.setTimeout(60_000);

const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
const SHOW_CURSOR = '\u001b[?25h';

interface Terminal {
  /** Everything that was written to the terminal. */
  readonly shown: () => string;
  readonly child: ChildProcess;
  /** The process of `torus top` itself. */
  readonly pid: () => Promise<number>;
  readonly exit: Promise<number | null>;
}

/** Runs a command line in a terminal of its own; the shell says at the end how `torus top` ended, and the state of the terminal. */
const openTerminal = (port: number, env: Readonly<Record<string, string>> = {}): Terminal => {
  const command =
    `stty rows 24 cols 80; ${process.execPath} ${ENTRY} top --admin 127.0.0.1:${port}; ` +
    `echo "ended=$?"; stty -a | grep -o -- '-\\?icanon'`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const findTop = (pid: number): number | undefined =>
    childrenOf(pid).flatMap((below) => (isTop(below) ? [below] : (findTop(below) ?? [])))[0];
  return {
    shown: () => text,
    child,
    pid: () => until(() => findTop(child.pid!), 10_000, 'the process of torus top'),
    exit: once(child, 'close').then(([code]) => code as number | null),
  };
};

const isTop = (pid: number): boolean =>
  spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.startsWith(
    process.execPath,
  );

describe('torus top', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let port: number;

  beforeAll(async () => {
    upstream = await startHttpUpstream((request, response) => {
      if (request.url !== '/held') response.end('hello');
    });
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'edge', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { app: { endpoints: [upstream.url] }, dead: { endpoints: ['http://127.0.0.1:9'] } },
        routes: [
          { name: 'dead', match: { path: '/dead' }, upstream: 'dead' },
          { name: 'all', match: { path: '/*' }, upstream: 'app' },
        ],
      },
    });
    port = torus.adminPort!;
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const askDead = async (): Promise<void> => {
    await (await fetch(`${torus.url('edge')}/dead`, { headers: { connection: 'close' } })).arrayBuffer();
  };

  it('prints one frame with rates of a second, without colours, and ends', async () => {
    await using client = await rawClient({ port: torus.port('edge') });
    await client.send(requestHead('GET /held'));
    const printed = runCli(['top', '--once', '--admin', `127.0.0.1:${port}`]);
    let running = true;
    void printed.finally(() => (running = false));
    while (running) await askDead();
    const { status, stdout, stderr } = await printed;
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('\u001b');
    expect(Number(/Requests ([\d.]+)/.exec(stdout)?.[1])).toBeGreaterThan(0);
    expect(stdout).toMatch(/^Torus 0\.1\.0 .* pid \d+ .* generation 1 /);
    expect(stdout).toContain('Something is wrong: upstream dead: every endpoint in use fails its requests');
    expect(stdout).toMatch(/^upstream\.connect\.refused +5xx +[1-9]/m);
    expect(stdout).toMatch(/^1 \(\d+\) +ready +/m);
    expect(stdout).toMatch(/^app +127\.0\.0\.1:\d+ +healthy +1 /m);
    expect(stdout).toMatch(/ GET [^ ]*\/held$/m);
  });

  it('needs a terminal for more than one frame, and says so', async () => {
    const { status, stderr } = await runCli(['top', '--admin', `127.0.0.1:${port}`]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('--once');
  });

  it('says on the ordinary screen that nobody answers', async () => {
    const { status, stderr } = await runCli(['top', '--once', '--admin', `127.0.0.1:${await freePort()}`]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('no instance answers');
  });

  const restored = (terminal: Terminal): void => {
    const shown = terminal.shown();
    expect(shown.split(ENTER)).toHaveLength(2);
    const after = shown.slice(shown.lastIndexOf(LEAVE));
    expect(shown.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(shown.indexOf(ENTER));
    // Typed lines are lines again.
    expect(after).toMatch(/ended=\d+\r\n *icanon/);
  };

  it('redraws each second at 80 by 24, changes the order by s, and leaves by q', async () => {
    const terminal = openTerminal(port);
    await until(() => terminal.shown().split('STREAM AGE').length > 2, 15_000, 'a second frame');
    expect(terminal.shown()).toContain('by age');
    terminal.child.stdin!.write('s');
    await until(() => terminal.shown().includes('by bytes'), 5_000, 'the other order');
    terminal.child.stdin!.write('q');
    await within(terminal.exit, 10_000, 'the end');
    expect(terminal.shown()).toContain('ended=0');
    restored(terminal);
    const frames = terminal.shown().split('\u001b[H').slice(1, -1);
    for (const frame of frames) {
      const lines = frame.replace(/\u001b\[[\d;?]*[A-Za-z]/g, '').split(/\r+\n/);
      expect(lines).toHaveLength(24);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    }
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('gives the terminal back on %s', async (signal, code) => {
    const terminal = openTerminal(port);
    await until(() => terminal.shown().includes('STREAM AGE'), 15_000, 'a frame');
    process.kill(await terminal.pid(), signal);
    await within(terminal.exit, 10_000, 'the end');
    expect(terminal.shown()).toContain(`ended=${code}`);
    restored(terminal);
  });

  it('is without colours where NO_COLOR says so', async () => {
    const terminal = openTerminal(port, { NO_COLOR: '1' });
    await until(() => terminal.shown().includes('STREAM AGE'), 15_000, 'a frame');
    terminal.child.stdin!.write('\u0003');
    await within(terminal.exit, 10_000, 'the end');
    expect(terminal.shown()).not.toMatch(/\u001b\[\d+m/);
    restored(terminal);
  });
});
