import { getHeapStatistics } from 'node:v8';
import { MemoryGauge, oldGenerationBytes } from '../../../../../src/server/worker/overload/memory-gauge.js';
import type { MemorySources } from '../../../../../src/server/worker/overload/memory-gauge.js';

const sources = (overrides: Partial<MemorySources> = {}): MemorySources => ({
  heapLimitBytes: 1600,
  heapUsed: () => 500,
  cgroup: () => undefined,
  resident: () => 900,
  ...overrides,
});

describe('the memory of a worker', () => {
  it('is that of its heap where nothing else has a limit', () => {
    const resident = (): number => {
      throw new Error('not to be asked');
    };
    const use = new MemoryGauge(sources({ resident })).read(undefined, 0);
    expect(use).toEqual({ of: 'heap', usedBytes: 500, limitBytes: 1400 });
  });

  it('is the fullest of heap, cgroup and resident memory', () => {
    const cgroup = () => ({ usedBytes: 70, limitBytes: 100 });
    expect(new MemoryGauge(sources({ cgroup })).read(undefined, 0).of).toBe('cgroup');
    expect(new MemoryGauge(sources({ cgroup })).read(1000, 0)).toEqual({
      of: 'resident',
      usedBytes: 900,
      limitBytes: 1000,
    });
    expect(new MemoryGauge(sources({ heapUsed: () => 1350, cgroup })).read(1000, 0).of).toBe('heap');
  });

  it('asks the cgroup once a second at the most', () => {
    let asked = 0;
    const gauge = new MemoryGauge(
      sources({
        cgroup: () => {
          asked += 1;
          return undefined;
        },
      }),
    );
    for (const nowMs of [0, 250, 999, 1000, 1250]) gauge.read(undefined, nowMs);
    expect(asked).toBe(2);
  });

  it('does without resident memory when there is no descriptor to read it with', () => {
    const resident = (): number => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    };
    expect(new MemoryGauge(sources({ resident })).read(1000, 0).of).toBe('heap');
  });

  it('leaves room for one collection of the young generation', () => {
    const MIB = 1024 * 1024;
    const full = (heapLimitBytes: number): number =>
      new MemoryGauge(sources({ heapLimitBytes })).read(undefined, 0).limitBytes;
    expect([full(40 * MIB), full(4096 * MIB)]).toEqual([35 * MIB, 4080 * MIB]);
  });

  it('counts the pages of the old generation', () => {
    const { total_heap_size: all } = getHeapStatistics();
    expect(oldGenerationBytes()).toBeGreaterThan(all / 4);
    expect(oldGenerationBytes()).toBeLessThan(getHeapStatistics().total_heap_size);
  });
});
