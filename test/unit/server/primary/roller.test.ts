import { pino } from 'pino';
import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import { PoolCare } from '../../../../src/server/primary/pool-care.js';
import { RestartBackoff } from '../../../../src/server/primary/restart-backoff.js';
import { Roller } from '../../../../src/server/primary/roller.js';
import { recycleWorkers } from '../../../../src/server/primary/recycle-request.js';
import type { InstancePhase } from '../../../../src/server/primary/supervisor.js';
import { WorkerPool } from '../../../../src/server/primary/worker-pool.js';
import { newWorkerRecord } from '../../../../src/server/primary/worker-slot.js';
import type { WorkerSlot } from '../../../../src/server/primary/worker-slot.js';
import { FakeScheduler } from '../../../support/fake-scheduler.js';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const arrange = (size: number, starts: () => boolean = () => true) => {
  const steps: string[] = [];
  const scheduler = new FakeScheduler();
  const backoff = () =>
    new RestartBackoff({ limits: () => ({ minMs: 1, maxMs: 1, healthyAfterMs: 1 }), random: () => 0 });
  const pool = new WorkerPool(size, backoff);
  let pids = 100;
  const newWorker = (bornWith: number) => {
    const process = { pid: (pids += 1), send: () => undefined, kill: () => undefined };
    const worker = newWorkerRecord({ id: pids, jitter: 0, bootWith: undefined, process }, scheduler.now());
    return Object.assign(worker, { phase: 'ready' as const, readyAt: scheduler.now(), bornWith });
  };
  for (const slot of pool.slots) slot.worker = newWorker(1);
  const supervisor = {
    pool,
    phase: 'ready' as InstancePhase,
    snapshot: {
      workers: size,
      scaling: undefined,
      supervisor: { recycle: { maxAgeMs: undefined, maxMemoryBytes: undefined } },
    } as unknown as ConfigSnapshot,
    wanted: 1,
    outdated: () => pool.slots.filter(({ worker }) => (worker?.bornWith ?? 9) < supervisor.wanted),
    settlePorts: () => Promise.resolve(void steps.push('ports')),
    succeed: async (slot: WorkerSlot) => {
      steps.push(`succeed ${String(slot.number)}`);
      await settle();
      const worker = newWorker(supervisor.wanted);
      return { worker, isReady: starts() };
    },
    handOver: (slot: WorkerSlot, worker: NonNullable<WorkerSlot['worker']>, reason: string) => {
      steps.push(`hand over ${String(slot.number)} ${reason}`);
      slot.worker = worker;
    },
    onlyPlacedAccept: () => Promise.resolve(void steps.push('only placed accept')),
    grow: () => {
      steps.push('grow');
      pool.addSlot().worker = newWorker(1);
    },
    shrink: (slot: WorkerSlot, reason: string) => {
      steps.push(`shrink ${String(slot.number)}: ${reason}`);
      pool.removeSlot(slot);
    },
  };
  const log = pino({ level: 'silent' });
  const roller = new Roller({ supervisor, scheduler, log });
  const sockets = new Map<number, number>();
  const metrics = {
    collect: () => Promise.resolve(void steps.push('collect')),
    of: ({ id }: { id: number }) => ({
      ...{ counters: {}, histograms: {} },
      gauges: { torus_sockets_open: [[['downstream', 'edge'], sockets.get(id) ?? 0] as const] },
    }),
  };
  const care = new PoolCare({ supervisor, roller, metrics, scheduler, log });
  return { roller, care, supervisor, pool, scheduler, steps, sockets };
};

describe('Roller', () => {
  it('replaces one after the other, whoever asks', async () => {
    const { roller, pool, steps } = arrange(2);
    await Promise.all(pool.slots.map((slot) => roller.exclusively(() => roller.replace(slot, 'age'))));
    expect(steps).toEqual(['succeed 1', 'hand over 1 age', 'succeed 2', 'hand over 2 age']);
    expect([roller.replaced.age, roller.failed, roller.isBusy()]).toEqual([2, 0, false]);
  });
  it('goes on after a turn that failed', async () => {
    const { roller } = arrange(1);
    await expect(roller.exclusively(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await roller.exclusively(() => Promise.resolve('next'))).toBe('next');
    expect(roller.isBusy()).toBe(false);
  });
  it('leaves the worker in place when its successor does not start', async () => {
    const { roller, pool, steps } = arrange(1, () => false);
    const [slot] = pool.slots;
    const before = slot!.worker;
    expect(await roller.replace(slot!, 'memory')).toBe(false);
    expect([slot!.worker, steps, roller.failed]).toEqual([before, ['succeed 1'], 1]);
  });
  it('forks nobody once the instance stops', async () => {
    const { roller, supervisor, pool, steps } = arrange(1);
    supervisor.phase = 'draining';
    expect(await roller.replace(pool.slots[0]!, 'age')).toBe(false);
    expect([steps, roller.failed]).toEqual([[], 0]);
  });
  it('hands the tried worker its place first, then renews the others', async () => {
    const { roller, supervisor, steps } = arrange(3);
    const trial = await roller.try({
      snapshot: supervisor.snapshot,
      endpoints: { version: 2, upstreams: [] },
    });
    expect(steps).toEqual(['ports', 'succeed 1']);
    if (!trial.ok) throw new Error(trial.problem);
    supervisor.wanted = 2;
    Object.assign(trial.worker, { bornWith: 2 });
    await roller.complete(trial);
    expect(steps.slice(2)).toEqual([
      ...['hand over 1 config', 'succeed 2', 'hand over 2 config'],
      ...['succeed 3', 'hand over 3 config', 'only placed accept'],
    ]);
    expect(roller.replaced.config).toBe(3);
  });
  it('tries a successor three times, and leaves an outdated worker to be renewed later', async () => {
    let starts = false;
    const { roller, care, supervisor, scheduler, steps } = arrange(1, () => starts);
    supervisor.wanted = 2;
    const renewing = roller.renew();
    for (let round = 0; round < 8; round += 1) {
      await settle();
      scheduler.advance(500);
    }
    await renewing;
    expect(steps).toEqual(['succeed 1', 'succeed 1', 'succeed 1']);
    starts = true;
    care.start();
    scheduler.advance(1000);
    for (let turn = 0; turn < 5; turn += 1) await settle();
    expect(steps.at(-1)).toBe('hand over 1 config');
    care.stop();
  });
});

describe('a request to replace workers', () => {
  const stopping = { status: 503, message: 'the instance is stopping' };

  it('is refused while the instance stops, and nobody is forked', async () => {
    const { roller, supervisor, steps } = arrange(2);
    supervisor.phase = 'draining';
    await expect(recycleWorkers({ supervisor, roller }, undefined)).rejects.toMatchObject(stopping);
    expect([steps, roller.failed]).toEqual([[], 0]);
  });
  it('is told so when the instance stops before its turn, or meanwhile', async () => {
    const { roller, supervisor, steps } = arrange(2);
    const before = roller.exclusively(() => Promise.resolve((supervisor.phase = 'draining')));
    const later = recycleWorkers({ supervisor, roller }, 1);
    await expect(Promise.all([later, before])).rejects.toMatchObject(stopping);
    expect(steps).toEqual([]);
    supervisor.phase = 'ready';
    const meanwhile = recycleWorkers({ supervisor, roller }, 1);
    await Promise.resolve();
    await Promise.resolve();
    supervisor.phase = 'draining';
    await expect(meanwhile).rejects.toMatchObject(stopping);
    expect([steps, roller.failed]).toEqual([['succeed 1'], 0]);
  });
  it('says which worker has no successor', async () => {
    const { roller, supervisor } = arrange(1, () => false);
    await expect(recycleWorkers({ supervisor, roller }, 1)).rejects.toMatchObject({
      ...{ status: 503, message: 'worker 1 was not replaced: its successor did not start' },
    });
  });
});

describe('PoolCare', () => {
  it('lets the workers with the fewest connections leave when fewer were configured', async () => {
    const { care, supervisor, pool, sockets, steps } = arrange(3);
    pool.slots.forEach(({ worker }, index) => sockets.set(worker!.id, [5, 1, 9][index] ?? 0));
    Object.assign(supervisor.snapshot, { workers: 1 });
    await care.fitSize();
    expect(steps.map((step) => step.split(':')[0])).toEqual(['shrink 2', 'shrink 1']);
    Object.assign(supervisor.snapshot, { workers: 2 });
    await care.fitSize();
    expect([steps.at(-1), pool.slots.map(({ number }) => number)]).toEqual(['grow', [1, 3]]);
  });
  it('keeps the number that the load has chosen within new bounds', async () => {
    const { care, supervisor, pool } = arrange(3);
    Object.assign(supervisor.snapshot, { workers: 1, scaling: { max: 4, intervalMs: 1000 } });
    await care.fitSize();
    expect(pool.slots).toHaveLength(3);
    Object.assign(supervisor.snapshot, { workers: 1, scaling: { max: 2, intervalMs: 1000 } });
    await care.fitSize();
    expect(pool.slots).toHaveLength(2);
  });
  it('collects the counts of the workers every five seconds', async () => {
    const { care, scheduler, steps } = arrange(1);
    care.start();
    for (let second = 0; second < 16; second += 1) {
      scheduler.advance(1000);
      for (let turn = 0; turn < 3; turn += 1) await settle();
    }
    expect(steps).toEqual(['collect', 'collect', 'collect']);
    care.stop();
  });
});
