/** What an operator finds out about one worker while it serves: its time, its heap, more of its log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import {
  ENTRY,
  makeTempDir,
  metricSum,
  runCli,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
} from '../../support/index.js';

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
}

describe('looking into a worker', () => {
  let upstream: Awaited<ReturnType<typeof startHttpUpstream>>;
  let torus: RunningTorus;

  beforeAll(async () => {
    upstream = await startHttpUpstream();
    torus = await startTorus({
      config: {
        workers: 2,
        admin: { address: '127.0.0.1:0' },
        supervisor: { heartbeatTimeout: '500ms' },
        listeners: [{ name: 'web', address: '127.0.0.1:0' }],
        upstreams: { app: { endpoints: [{ url: upstream.url }] } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'app' }],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const readyWorkers = (): Promise<number> => metricSum(torus, 'torus_workers', { phase: 'ready' });

  const statusOf = async (): Promise<number> =>
    (await fetch(`${torus.url('web')}/`, { headers: { connection: 'close' } })).status;

  const admin = (): string => `127.0.0.1:${String(torus.adminPort)}`;

  it('records where its time goes, while it serves', async () => {
    const file = path.join(makeTempDir('profile'), 'one.cpuprofile');
    const recording = runCli(['profile', '--seconds', '1', '--out', file, '--admin', admin()]);
    let running = true;
    void recording.then(() => (running = false));
    while (running) expect(await statusOf()).toBe(200);
    expect(await recording).toMatchObject({ status: 0, stderr: '' });
    const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
    expect(profile.nodes.map(({ callFrame }) => callFrame.functionName)).toContainEqual(
      expect.stringMatching(/^(begin|onResponseHead|onForwardEnded|onDownstreamFinished)$/),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await runCli(['profile', '--seconds', '1', '--out', file, '--admin', admin()]);
    expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining('EEXIST') as string });
  });

  it('does not record what it could not write', async () => {
    const dir = makeTempDir('no-place');
    const taken = path.join(dir, 'taken');
    writeFileSync(taken, 'mine');
    // Nobody listens there: were the instance asked first, this would be what went wrong.
    const nobody = ['--admin', `unix:${path.join(dir, 'nobody.sock')}`];
    const missing = await runCli(['profile', '-o', path.join(dir, 'none', 'x'), ...nobody]);
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('ENOENT') as string });
    const existing = await runCli(['heap', '--worker', '1', '-o', taken, ...nobody]);
    expect(existing).toMatchObject({ status: 2, stderr: expect.stringContaining('EEXIST') as string });
    expect(readFileSync(taken, 'utf8')).toBe('mine');
  });

  it('leaves no file behind when there is no recording', async () => {
    const dir = makeTempDir('no-recording');
    const file = path.join(dir, 'x');
    const refused = await runCli(['profile', '--seconds', '0', '-o', file, '--admin', admin()]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('seconds') as string });
    const nobody = `unix:${path.join(dir, 'nobody.sock')}`;
    expect((await runCli(['heap', '-o', file, '--admin', nobody])).stderr).toContain('no instance answers');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('leaves no file behind when it is given up', async () => {
    const dir = makeTempDir('given-up');
    const args = ['profile', '--seconds', '60', '-o', path.join(dir, 'x'), '--admin'];
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawn(process.execPath, [ENTRY, ...args, `127.0.0.1:${port}`], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    const [socket] = (await once(silent, 'connection')) as [Socket];
    expect(readdirSync(dir)).toEqual(['x']);
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(readdirSync(dir)).toEqual([]);
    socket.destroy();
    silent.close();
  });

  it('records one thing at a time of a worker', async () => {
    const first = torus.admin('/cpu-profile?worker=2&seconds=1', { method: 'POST' });
    const second = await torus.admin('/cpu-profile?worker=2&seconds=1', { method: 'POST' });
    const answers = [await first, second];
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    expect((await torus.admin('/cpu-profile?worker=3', { method: 'POST' })).status).toBe(404);
    expect((await torus.admin('/cpu-profile?seconds=0', { method: 'POST' })).status).toBe(400);
    expect((await torus.admin('/cpu-profile')).status).toBe(405);
  });

  it('writes its heap, and does not kill it for standing still meanwhile', async () => {
    const pids = torus.workers();
    const file = path.join(makeTempDir('heap'), 'one.heapsnapshot');
    expect(await runCli(['heap', '--worker', '2', '-o', file, '--admin', admin()])).toMatchObject({
      status: 0,
      stderr: '',
    });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('"snapshot":{"meta"');
    expect(JSON.parse(text)).toMatchObject({ snapshot: { node_count: expect.any(Number) as number } });
    expect(torus.workers()).toEqual(pids);
    expect(await statusOf()).toBe(200);
  });

  it('logs more of one worker, at once', async () => {
    expect(await runCli(['log-level', 'trace', '--worker', '1', '--admin', admin()])).toMatchObject({
      ...{ status: 0, stdout: 'worker 1: info -> trace\n' },
    });
    expect(await runCli(['log-level', 'loud', '--admin', admin()])).toMatchObject({
      ...{ status: 2, stderr: expect.stringContaining('level must be one of fatal') as string },
    });
    const all = await runCli(['log-level', 'warn', '--admin', admin()]);
    expect(all.stdout).toBe('worker 1: trace -> warn\nworker 2: info -> warn\n');
  });

  it('keeps the level of all in the workers that come after them, until a reload', async () => {
    const [first = 0] = torus.workers();
    await torus.admin('/log-level?level=error', { method: 'POST' });
    process.kill(first, 'SIGKILL');
    await until(async () => !torus.workers().includes(first) && (await readyWorkers()) === 2, 10_000);
    const levels = await runCli(['log-level', 'debug', '--admin', admin()]);
    expect(levels.stdout).toBe('worker 1: error -> debug\nworker 2: error -> debug\n');
    torus.signal('SIGHUP');
    await until(() => torus.logs().some(({ msg }) => msg === 'Configuration applied'));
    const after = await runCli(['log-level', 'info', '--admin', admin()]);
    expect(after.stdout).toBe('worker 1: info -> info\nworker 2: info -> info\n');
  });
});
