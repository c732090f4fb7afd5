/** A worker whose heap may hold 64 MB: filled by requests with large heads that the upstream does not answer. */
import {
  accessLine,
  metricSum,
  requestHead,
  type RawClient,
  type ReadResponse,
} from '../../support/index.js';
import { SLOW_MS, startOverloadFixture, stepsLogged, type OverloadFixture } from './overload-fixture.js';

const HEAP_MIB = 64;
/** Far enough from the end that V8 does not collect garbage all the time. */
const STEPS = { shortenIdle: '50%', noKeepAlive: '60%', shed: '70%' };
/** 60 KB, which the gateway holds until the request has ended: it may have to be sent again. */
const LARGE_HEAD = Array.from({ length: 20 }, (_, index) => `x-pad-${String(index)}: ${'p'.repeat(3000)}`);
/** 9 KB: what else may come. */
const HEAD = LARGE_HEAD.slice(0, 3);
const LISTENER = { name: 'plain', address: '127.0.0.1:0', limits: { head: '64KiB' } };
const BATCH = 25;
const FLOOD = 400;
/** To collect the garbage of a heap that nobody uses takes V8 some seconds. */
const RECOVERY_MS = 30_000;

/** Hundreds of requests are held, by a worker that has little left. */
jest.setTimeout(90_000);

let fixture: OverloadFixture;
afterEach(() => fixture.stop());

const readyz = async (): Promise<number> => (await fixture.torus.admin('/readyz')).status;

/** Holds requests until the worker is that high on its ladder. */
const climb = async (level: number): Promise<RawClient[]> => {
  const clients: RawClient[] = [];
  while ((await fixture.overload()).level < level) {
    clients.push(...(await Promise.all(Array.from({ length: BATCH }, () => fixture.hold(LARGE_HEAD)))));
    expect(clients.length).toBeLessThan(4000);
  }
  return clients;
};

/** The answer of a worker that is that high on its ladder. */
const askAt = async (level: number, target: string): Promise<ReadResponse> => {
  const isThere = async (): Promise<boolean> => (await fixture.overload()).level >= level;
  for (;;) {
    await climb(level);
    const client = await fixture.connect();
    const response = await client.exchange(requestHead(`GET ${target}`), { timeoutMs: SLOW_MS });
    if (await isThere()) return response;
  }
};

describe('a small heap', () => {
  beforeEach(async () => {
    fixture = await startOverloadFixture({
      process: { env: { NODE_OPTIONS: `--max-old-space-size=${String(HEAP_MIB)}` } },
      config: { listeners: [LISTENER], overload: { memory: STEPS } },
    });
  });

  it('closes what is idle, then ends keep-alive, then sheds, and finishes what runs', async () => {
    const { torus } = fixture;
    const workers = torus.workers();
    const idle = await fixture.connect();
    expect((await idle.exchange(requestHead('GET /quick'))).field('connection')).toBeUndefined();
    await climb(1);
    expect(await idle.ended(SLOW_MS)).toBe('fin');
    // A collection of garbage may take it down a step again, before it has been asked.
    const closing = await askAt(2, '/health');
    expect([closing.status, closing.field('connection')]).toEqual([200, 'close']);
    const shed = await askAt(3, '/new');
    expect([shed.status, shed.field('retry-after'), shed.field('connection')]).toEqual([503, '1', 'close']);
    expect(await accessLine(torus, '/new')).toMatchObject({
      cause: 'internal.overload.shed',
      detail: 'memory',
    });
    const critical = await fixture.connect();
    expect((await critical.exchange(requestHead('GET /health'))).status).toBe(200);
    expect(await readyz()).toBe(200);
    const [worker] = (await fixture.overload()).workers;
    expect(worker?.resources.find(({ resource }) => resource === 'memory')).toMatchObject({
      of: 'heap',
      level: 3,
    });

    fixture.release();
    await fixture.whenOverload(({ level }) => level === 0, 'the ladder to be left', RECOVERY_MS);
    const after = await fixture.connect();
    const response = await after.exchange(requestHead('GET /after'));
    expect([response.status, response.field('connection')]).toEqual([200, undefined]);
    const held = torus.logs().filter((line) => line.msg === 'access' && line['path'] === '/hold');
    expect(held.filter((line) => line['cause'] === 'ok').length).toBeGreaterThan(BATCH);
    const others = held.filter((line) => line['cause'] !== 'ok').map((line) => line['cause']);
    expect(others.filter((cause) => cause !== 'internal.overload.shed')).toEqual([]);
    expect(stepsLogged(torus)).toEqual(
      expect.arrayContaining([
        '+shorten-idle memory',
        '+no-keep-alive memory',
        '+shed memory',
        '-shed memory',
      ]),
    );
    expect(torus.workers()).toEqual(workers);
  });

  it('outlives a flood that goes on: whatever comes after the last step is answered, and the worker stays', async () => {
    const { torus } = fixture;
    const workers = torus.workers();
    await climb(3);
    // A collection of garbage may make room for a few more: each of them is held, or answered, and none is lost.
    for (let sent = 0; sent < FLOOD; sent += BATCH)
      await Promise.all(Array.from({ length: BATCH }, () => fixture.hold(HEAD)));
    const shed = await metricSum(torus, 'torus_overload_shed_total', { resource: 'memory' });
    expect(shed).toBeGreaterThan(FLOOD / 2);
    expect(await readyz()).toBe(200);
    await fixture.closeClients();
    await fixture.whenOverload(({ level }) => level === 0, 'the ladder to be left', RECOVERY_MS);
    expect(torus.workers()).toEqual(workers);
  });
});

it('resident memory has a limit of its own, which a reload changes live', async () => {
  fixture = await startOverloadFixture({});
  const { torus } = fixture;
  const half = Math.floor((await metricSum(torus, 'torus_worker_rss_bytes')) / 2);
  const pid = torus.workers();
  await fixture.reconfigure({ overload: { memory: { limit: `${String(half)}B` } } });
  const view = await fixture.whenOverload(({ level }) => level === 3, 'the last step');
  expect(view.workers[0]?.resources.find(({ resource }) => resource === 'memory')).toMatchObject({
    of: 'resident',
    pressure: 1,
    limitBytes: half,
  });
  const client = await fixture.connect();
  expect((await client.exchange(requestHead('GET /new'))).status).toBe(503);
  await fixture.reconfigure({ overload: { memory: { limit: '16GiB' }, retryAfter: '7s' } });
  await fixture.whenOverload(({ level }) => level === 0, 'the ladder to be left');
  const after = await fixture.connect();
  expect((await after.exchange(requestHead('GET /after'))).status).toBe(200);
  await fixture.reconfigure({ overload: { memory: { limit: `${String(half)}B`, shed: false } } });
  await fixture.whenOverload(({ level }) => level === 2, 'the last step but the one that is off');
  const served = await fixture.connect();
  const response = await served.exchange(requestHead('GET /served'));
  expect([response.status, response.field('connection')]).toEqual([200, 'close']);
  await fixture.reconfigure({ overload: false });
  const off = await fixture.whenOverload(({ level }) => level === 0, 'nothing to be watched');
  expect(off.workers[0]?.resources).toEqual([]);
  expect(torus.workers()).toEqual(pid);
});
