/** Upstream processes are killed, stopped and brought back under steady load: clients see what is documented and nothing else. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ledgerOf,
  metricSum,
  socketsOf,
  startTorus,
  startUpstreamProcess,
  until,
  whenNothingIsOpen,
  type RunningTorus,
  type UpstreamProcess,
} from '../../support/index.js';
import { startLoad, type LoadOutcome, type SteadyLoad } from '../../support/steady-load.js';

const CLIENTS = 12;
const PER_TRY_MS = 400;

let torus: RunningTorus;
let upstreams: UpstreamProcess[];
let load: SteadyLoad;

beforeEach(async () => {
  upstreams = await Promise.all([1, 2, 3].map(() => startUpstreamProcess()));
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        three: {
          endpoints: upstreams.map(({ url }) => url),
          timeouts: { connect: '500ms' },
          retryBudget: { percent: 100, minConcurrent: 20 },
        },
      },
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          upstream: 'three',
          timeouts: { responseHead: '1s' },
          retry: { attempts: 2, on: ['reset'], perTryTimeout: `${String(PER_TRY_MS)}ms` },
        },
      ],
    },
  });
  load = startLoad({ port: torus.port(), clients: CLIENTS });
});

afterEach(async () => {
  await load.stop();
  await torus.stop();
  await Promise.all(upstreams.map((upstream) => upstream.kill()));
});

const more = async (count: number): Promise<void> => {
  const wanted = load.outcomes.length + count;
  await until(() => load.outcomes.length >= wanted, 20_000, `${String(count)} more answers`);
};

const statuses = (outcomes: readonly LoadOutcome[]): (number | undefined)[] =>
  [...new Set(outcomes.map(({ response }) => response?.status))].sort();

/** Every client was answered, in full, with nothing but these. */
const expectOnly = (outcomes: readonly LoadOutcome[], allowed: readonly number[]): void => {
  expect(outcomes.every(({ connected, response }) => connected && response?.end === 'complete')).toBe(true);
  expect(statuses(outcomes).filter((status) => !allowed.includes(status ?? 0))).toEqual([]);
};

/** Nothing that the kernel holds for the worker points at an upstream any more, and the books agree. */
const expectNothingLeft = async (): Promise<void> => {
  for (const upstream of upstreams) upstream.signal('SIGCONT');
  await Promise.all(upstreams.map((upstream) => upstream.kill()));
  await whenNothingIsOpen(torus, 5_000);
  const { opened, closed } = await ledgerOf(torus);
  expect(opened).toBe(closed);
  const ports = new Set(upstreams.map(({ port }) => port));
  for (const pid of torus.workers())
    expect(
      socketsOf(pid).filter(({ remotePort, state }) => ports.has(remotePort) && state !== 'TIME_WAIT'),
    ).toEqual([]);
};

it('kill -9 of one of three: every request of the load is answered 200', async () => {
  await more(300);
  await upstreams[0]!.kill();
  await more(600);
  const outcomes = await load.stop();
  expectOnly(outcomes, [200]);
  expect(await metricSum(torus, 'torus_upstream_retries_total', { upstream: 'three' })).toBeGreaterThan(0);
  await expectNothingLeft();
});

it('kill -9 of one after the other, each brought back on its port: nothing but 200', async () => {
  for (const [index, upstream] of upstreams.entries()) {
    await more(150);
    await upstream.kill();
    await more(150);
    upstreams[index] = await startUpstreamProcess({ port: upstream.port });
  }
  await more(150);
  expectOnly(await load.stop(), [200]);
  await expectNothingLeft();
});

it('SIGSTOP of one of three: what it holds is tried again after the time of one try', async () => {
  await more(300);
  upstreams[1]!.signal('SIGSTOP');
  const labels = { upstream: 'three', reason: 'timeout' };
  await until(async () => (await metricSum(torus, 'torus_upstream_retries_total', labels)) >= 3);
  upstreams[1]!.signal('SIGCONT');
  await more(300);
  expectOnly(await load.stop(), [200]);
  await expectNothingLeft();
});

it('SIGSTOP of all: 504 with its cause after all attempts, and 200 again when they go on', async () => {
  await more(200);
  for (const upstream of upstreams) upstream.signal('SIGSTOP');
  const stoppedAt = load.outcomes.length;
  await until(() => load.outcomes.slice(stoppedAt).some(({ response }) => response?.status === 504), 10_000);
  for (const upstream of upstreams) upstream.signal('SIGCONT');
  await until(() => load.outcomes.at(-1)?.response?.status === 200, 10_000);
  const before = load.outcomes.length;
  await more(300);
  const outcomes = await load.stop();
  expectOnly(outcomes, [200, 504]);
  // Those that were asked before may have spent their attempts already.
  expectOnly(
    outcomes.filter(({ askedAfter }) => askedAfter >= before),
    [200],
  );
  const causes = outcomes
    .filter(({ response }) => response?.status === 504)
    .map(({ response }) => (JSON.parse(response!.text()) as { cause: string }).cause);
  expect([...new Set(causes)]).toEqual(['upstream.attempt.timeout']);
  await expectNothingLeft();
});

it('kill -9 of all: 502 with its cause at once, and 200 again when they are back', async () => {
  await more(200);
  await Promise.all(upstreams.map((upstream) => upstream.kill()));
  await until(() => load.outcomes.at(-1)?.response?.status === 502);
  await delay(100);
  for (const [index, { port }] of upstreams.entries())
    upstreams[index] = await startUpstreamProcess({ port });
  await until(() => load.outcomes.at(-1)?.response?.status === 200);
  const back = load.outcomes.length;
  await more(200);
  const outcomes = await load.stop();
  expectOnly(outcomes, [200, 502]);
  expectOnly(
    outcomes.filter(({ askedAfter }) => askedAfter >= back),
    [200],
  );
  await expectNothingLeft();
});
