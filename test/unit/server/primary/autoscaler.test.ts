import type { ScalingConfig } from '../../../../src/contracts/config.js';
import { Autoscaler } from '../../../../src/server/primary/autoscaler.js';
import type { WorkerSample } from '../../../../src/server/primary/worker-samples.js';

const scaling: ScalingConfig = {
  ...{ max: 4, sockets: 100, heapShare: 0.5, loopDelayMs: 100, intervalMs: 1000 },
  ...{ upAfterMs: 3000, downAfterMs: 10_000, cooldownMs: 5000 },
};
const sample = (more: Partial<WorkerSample> = {}): WorkerSample => ({
  ...{ downstreamSockets: 0, upstreamSockets: 0, heapUsedBytes: 0, heapLimitBytes: 1000, rssBytes: 0 },
  ...{ openFds: 0, loopDelayMs: 0, loopUtilization: 0, exchanges: 0, ...more },
});
const same = (count: number, more: Partial<WorkerSample>) =>
  Array.from({ length: count }, () => sample(more));
const bounds = { workers: 1, scaling };

/** What is decided at each of these seconds, with the same samples. */
const decide = (scaler: Autoscaler, samples: readonly WorkerSample[], from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    scaler.decide(samples, bounds, (from + index) * 1000),
  ).map((step) => step?.direction);

describe('Autoscaler', () => {
  it.each([
    ['sockets', { downstreamSockets: 150 }, 1.5],
    ['heap', { heapUsedBytes: 600 }, 1.2],
    ['loop-delay', { loopDelayMs: 200 }, 2],
  ] as const)('wants one more when %s is above its limit for a while', (signal, more, pressure) => {
    const scaler = new Autoscaler();
    expect(decide(scaler, same(2, more), 0, 2)).toEqual([undefined, undefined, undefined]);
    expect(scaler.decide(same(2, more), bounds, 3000)).toEqual({ direction: 'up', signal, pressure });
  });
  it('begins anew when it was below in between, and never goes by requests or upstream sockets', () => {
    const scaler = new Autoscaler();
    const high = same(2, { downstreamSockets: 150 });
    decide(scaler, high, 0, 2);
    decide(scaler, same(2, { upstreamSockets: 9999, exchanges: 9999, loopUtilization: 1 }), 3, 3);
    expect(decide(scaler, high, 4, 7)).toEqual([undefined, undefined, undefined, 'up']);
  });
  it('goes by the mean: one busy worker among idle ones is not helped by another', () => {
    const samples = [sample({ downstreamSockets: 150 }), sample(), sample()];
    expect(decide(new Autoscaler(), samples, 0, 9)).toEqual(Array(10).fill(undefined));
  });
  it('wants one less only when the others would stay well below the limits without it', () => {
    const calm = decide(new Autoscaler(), same(2, { downstreamSockets: 34 }), 0, 10);
    expect(calm.at(-1)).toBe('down');
    expect(calm.slice(0, -1)).toEqual(Array(10).fill(undefined));
    expect(decide(new Autoscaler(), same(2, { downstreamSockets: 36 }), 0, 20)).toEqual(
      Array(21).fill(undefined),
    );
  });
  it('stays within its bounds', () => {
    expect(decide(new Autoscaler(), same(4, { downstreamSockets: 900 }), 0, 9)).toEqual(
      Array(10).fill(undefined),
    );
    expect(decide(new Autoscaler(), same(1, {}), 0, 30)).toEqual(Array(31).fill(undefined));
    expect(new Autoscaler().decide([], bounds, 0)).toBeUndefined();
  });
  it('rests after a change', () => {
    const scaler = new Autoscaler();
    const high = same(2, { downstreamSockets: 150 });
    decide(scaler, high, 0, 3);
    scaler.changed(3000);
    expect(decide(scaler, high, 4, 8)).toEqual([undefined, undefined, undefined, undefined, 'up']);
  });
});
