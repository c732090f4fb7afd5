/** A worker that is stopped and continued over and over, as a machine with too little to give does: its event loop is always late. */
import { accessLine, metricSum, requestHead, until, type RawClient } from '../../support/index.js';
import { setTimeout as delay } from 'node:timers/promises';
import { startOverloadFixture, stepsLogged, type OverloadFixture } from './overload-fixture.js';

const STOPPED_MS = 700;
const RUNNING_MS = 40;
const OVER_MS = 15_000;

let fixture: OverloadFixture;
beforeAll(async () => {
  fixture = await startOverloadFixture({});
});
afterAll(() => fixture.stop());

/** Takes the processor away from the worker, again and again, until it is told to end; leaves it running. */
const starve = (pid: number): { end(): Promise<void> } => {
  let ended = false;
  const run = async (): Promise<void> => {
    while (!ended) {
      process.kill(pid, 'SIGSTOP');
      await delay(STOPPED_MS);
      process.kill(pid, 'SIGCONT');
      await delay(RUNNING_MS);
    }
  };
  const running = run().finally(() => process.kill(pid, 'SIGCONT'));
  return {
    end: () => {
      ended = true;
      return running;
    },
  };
};

const ask = async (target: string): Promise<Awaited<ReturnType<RawClient['exchange']>>> =>
  (await fixture.connect()).exchange(requestHead(`GET ${target}`), { timeoutMs: 10_000 });

it('sheds while its event loop is late all the time, is heard of meanwhile, and serves again afterwards', async () => {
  const { torus } = fixture;
  const [pid] = torus.workers();
  const starving = starve(pid!);
  try {
    await torus.waitForLog(
      (line) => line.msg === 'Overload step entered' && line['step'] === 'shed',
      OVER_MS,
    );
    const shed = await ask('/new');
    expect([shed.status, shed.field('retry-after'), shed.field('connection')]).toEqual([503, '1', 'close']);
    expect((await ask('/health')).status).toBe(200);
    const began = performance.now();
    expect((await torus.admin('/readyz')).status).toBe(200);
    expect((await torus.admin('/livez')).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(STOPPED_MS);
    expect(await accessLine(torus, '/new')).toMatchObject({
      cause: 'internal.overload.shed',
      detail: 'loop-delay',
    });
    const [worker] = (await fixture.overload()).workers;
    const loop = worker?.resources.find(({ resource }) => resource === 'loop-delay');
    expect(loop).toMatchObject({ level: 3, limitMs: 500 });
    expect(loop?.['delayMs']).toBeGreaterThan(STOPPED_MS / 2);
  } finally {
    await starving.end();
  }
  await fixture.whenOverload(({ level }) => level === 0, 'the ladder to be left', OVER_MS);
  const after = await ask('/after');
  expect([after.status, after.field('connection')]).toEqual([200, undefined]);
  expect(stepsLogged(torus)).toEqual(
    expect.arrayContaining(['+shorten-idle loop-delay', '+shed loop-delay', '-shed loop-delay']),
  );
  expect(await metricSum(torus, 'torus_overload_shed_total', { resource: 'loop-delay' })).toBeGreaterThan(0);
  expect(torus.workers()).toEqual([pid]);
});

it('takes one long pause for what it is: nothing is shed', async () => {
  const { torus } = fixture;
  const transitions = (): Promise<number> =>
    metricSum(torus, 'torus_overload_transitions_total', { direction: 'entered' });
  const before = await transitions();
  const [pid] = torus.workers();
  process.kill(pid!, 'SIGSTOP');
  await delay(3 * STOPPED_MS);
  // The admin answers for a worker that does not, and says which one that is.
  const view = await fixture.overload();
  expect(view.missing).toMatchObject([{ worker: 1 }]);
  process.kill(pid!, 'SIGCONT');
  expect((await ask('/after-a-pause')).status).toBe(200);
  // A look has been taken since: the loop is in time again.
  await until(async () => (await metricSum(torus, 'torus_worker_open_fds')) > 0);
  expect((await ask('/still')).status).toBe(200);
  expect(await transitions()).toBe(before);
});
