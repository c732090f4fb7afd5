import { Recycler } from '../../../../src/server/primary/recycler.js';
import { RestartBackoff } from '../../../../src/server/primary/restart-backoff.js';
import { WorkerPool } from '../../../../src/server/primary/worker-pool.js';
import { newWorkerRecord } from '../../../../src/server/primary/worker-slot.js';

const arrange = (jitters: readonly number[]) => {
  const backoff = () =>
    new RestartBackoff({ limits: () => ({ minMs: 1, maxMs: 1, healthyAfterMs: 1 }), random: () => 0 });
  const pool = new WorkerPool(jitters.length, backoff);
  pool.slots.forEach((slot, index) => {
    const process = { pid: 100 + index, send: () => undefined, kill: () => undefined };
    const worker = newWorkerRecord(
      { id: index, jitter: jitters[index] ?? 0, bootWith: undefined, process },
      0,
    );
    slot.worker = Object.assign(worker, { phase: 'ready', readyAt: 0 });
  });
  return pool.slots;
};
const nothing = () => undefined;
const ages = { maxAgeMs: 100_000, maxMemoryBytes: undefined };
const memory = { maxAgeMs: undefined, maxMemoryBytes: 1000 };

describe('Recycler', () => {
  it('finds nobody due where nothing is configured', () => {
    const slots = arrange([0]);
    const never = { maxAgeMs: undefined, maxMemoryBytes: undefined };
    expect(new Recycler().due(slots, never, () => 1e12, 1e12)).toBeUndefined();
  });
  it('takes those first that drew a shorter term, up to a tenth, and none after the configured age', () => {
    const slots = arrange([0, 0.99]);
    const recycler = new Recycler();
    expect(recycler.due(slots, ages, nothing, 90_000)).toBeUndefined();
    expect(recycler.due(slots, ages, nothing, 90_100)).toMatchObject({ slot: { number: 2 }, reason: 'age' });
    expect(recycler.due(slots.slice(0, 1), ages, nothing, 99_999)).toBeUndefined();
    expect(recycler.due(slots.slice(0, 1), ages, nothing, 100_000)).toMatchObject({ slot: { number: 1 } });
  });
  it('takes a heavy worker, and leaves one alone that is not ready or not measured', () => {
    const slots = arrange([0, 0]);
    const rss = (bytes: number | undefined) => () => bytes;
    const recycler = new Recycler();
    expect(recycler.due(slots, memory, rss(undefined), 0)).toBeUndefined();
    expect(recycler.due(slots, memory, rss(1000), 0)).toBeUndefined();
    slots[0]!.worker!.phase = 'starting';
    expect(recycler.due(slots, memory, rss(1001), 0)).toMatchObject({
      slot: { number: 2 },
      reason: 'memory',
    });
  });
  it('lets a place rest whose new worker is as heavy, longer each time', () => {
    const [slot] = arrange([0]);
    const recycler = new Recycler();
    const due = (nowMs: number) => recycler.due([slot!], memory, () => 2000, nowMs) !== undefined;
    const restsFor = (nowMs: number) => {
      recycler.rest(slot!, 0, nowMs);
      return [9999, 10_000, 19_999, 20_000, 40_000].filter((afterMs) => due(nowMs + afterMs));
    };
    expect(restsFor(0)).toEqual([10_000, 19_999, 20_000, 40_000]);
    expect(restsFor(1e6)).toEqual([10_000, 19_999, 20_000, 40_000]);
    expect(restsFor(2e6)).toEqual([20_000, 40_000]);
    expect(restsFor(3e6)).toEqual([40_000]);
  });
});
