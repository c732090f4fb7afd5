/** `GET /workers`, the recycling that an operator asks for, and their commands. */
import { spawnSync } from 'node:child_process';
import { isAlive, metricSum, rawClient, until, type TestUpstream } from '../../support/index.js';
import { ENTRY } from '../../support/start-torus.js';
import { sendStrangers, startRolling, startUpstreams, UPGRADE, type Rolling } from './rolling-fixture.js';

let upstreams: { readonly plain: TestUpstream; readonly echo: TestUpstream };
let rolling: Rolling;

beforeAll(async () => {
  upstreams = await startUpstreams();
  rolling = await startRolling(upstreams);
});
afterAll(async () => {
  await rolling.stop();
  await Promise.all([upstreams.plain.close(), upstreams.echo.close()]);
});

interface Row {
  readonly worker: number;
  readonly pid: number;
  readonly role: string;
  readonly phase: string;
  readonly silentSeconds: number;
  readonly leaving?: { readonly reason: string };
}

const view = async (): Promise<{ readonly workers: readonly Row[] }> =>
  (await (await rolling.torus.admin('/workers')).json()) as { workers: Row[] };

const torusCommand = (...words: string[]) => {
  const args = [ENTRY, ...words, '--admin', `127.0.0.1:${String(rolling.torus.adminPort)}`];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
};

it('shows every worker with its place, age and figures', async () => {
  const client = await rawClient({ port: rolling.torus.port() });
  await until(
    async () => (await metricSum(rolling.torus, 'torus_sockets_open', { side: 'downstream' })) === 1,
  );
  const shown = await view();
  expect(shown).toMatchObject({ wanted: 2, min: 2, max: 2, configVersion: 1, changing: false, crashes: 0 });
  const number = expect.any(Number) as number;
  expect(shown.workers).toEqual(
    [1, 2].map((worker) => ({
      ...{ worker, pid: number, phase: 'ready', role: 'serving', ageSeconds: number, configVersion: 1 },
      ...{ silentSeconds: number },
      ...{ exchanges: 0, sockets: { downstream: number, upstream: 0 }, heapUsedBytes: number },
      ...{ heapLimitBytes: number, rssBytes: number, openFds: number },
      ...{ eventLoopDelaySeconds: number, eventLoopUtilization: number },
    })),
  );
  expect(shown.workers.map(({ pid }) => pid).sort()).toEqual(rolling.torus.workers().sort());
  const table = torusCommand('workers');
  expect(table.status).toBe(0);
  expect(table.stdout).toMatch(/^WORKER +PID +PHASE/);
  for (const { pid } of shown.workers) expect(table.stdout).toMatch(new RegExp(` ${String(pid)}  ready `));
  await client.close();
});

it('shows a worker that hangs as silent, and that the place has nobody who answers', async () => {
  const [first] = (await view()).workers;
  const pid = first?.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await until(
      async () => ((await view()).workers[0]?.silentSeconds ?? 0) > 2,
      10_000,
      'the silence to show',
    );
    const table = torusCommand('workers');
    expect(table.stdout).toMatch(new RegExp(` ${String(pid)}  ready, silent for \\d+s `));
    expect(table.status).toBe(1);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until(() => torusCommand('workers').status === 0, 10_000, 'the worker to answer');
});

it('recycles one worker, which shows as leaving while a tunnel holds it, and no request is lost', async () => {
  const { torus } = rolling;
  const sockets = [];
  // Until both workers hold one: the kernel chooses.
  const holders = async () => await metricSum(torus, 'torus_workers', { phase: 'ready' });
  expect(await holders()).toBe(2);
  for (let index = 0; index < 12; index += 1) {
    const socket = await rawClient({ port: torus.port() });
    await socket.send(UPGRADE);
    await socket.readUntil('\r\n\r\n');
    sockets.push(socket);
  }
  const [first] = (await view()).workers;
  const strangers = sendStrangers(torus.port(), 2);
  const answer = await torus.admin('/workers/1/recycle', { method: 'POST' });
  expect(answer.status).toBe(200);
  const { replaced } = (await answer.json()) as { replaced: object[] };
  expect(replaced).toEqual([{ worker: 1, former: first?.pid, pid: expect.any(Number) as number }]);
  const former = (await view()).workers.find(({ pid }) => pid === first?.pid);
  if (former !== undefined)
    expect(former).toMatchObject({ worker: 1, phase: 'draining', leaving: { reason: 'request' } });
  for (const socket of sockets) {
    await socket.send('still here');
    expect((await socket.readBytes(10)).toString()).toBe('still here');
  }
  await Promise.all(sockets.map((socket) => socket.close()));
  await until(() => !isAlive(first?.pid ?? 0), 10_000, 'the former worker to be gone');
  expect(await strangers.stop()).toEqual([]);
});

it('recycles all by the command, and knows no worker that is not there', async () => {
  const before = (await view()).workers.map(({ pid }) => pid);
  const done = torusCommand('recycle');
  expect([done.status, done.stderr]).toEqual([0, '']);
  expect(done.stdout).toMatch(
    new RegExp(`^worker 1: ${String(before[0])} -> \\d+\nworker 2: ${String(before[1])} -> \\d+\n$`),
  );
  await until(() => !before.some((pid) => isAlive(pid)), 10_000, 'the former workers to be gone');
  for (const path of ['/workers/9', '/workers/x', '/workers/0'])
    expect((await rolling.torus.admin(path, { method: 'DELETE' })).status).toBe(404);
  expect(await metricSum(rolling.torus, 'torus_worker_replacements_total', { reason: 'request' })).toBe(3);
});
