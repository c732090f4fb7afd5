/** The adaptive limit against a simulated upstream: a queue in front of a number of servers, on a clock of its own. */
import type { AdaptiveConcurrencyConfig } from '../../../../src/contracts/config.js';
import { GradientLimit } from '../../../../src/proxy/upstream/gradient-limit.js';

const CONFIG: AdaptiveConcurrencyConfig = {
  min: 3,
  max: 1000,
  initial: 20,
  sampleWindowMs: 100,
  minRttIntervalMs: 60_000,
  jitter: 0,
  tolerance: 0.25,
};

/** Deterministic numbers from 0 to 1 (Park and Miller). */
const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
};

class Simulation {
  readonly limit: GradientLimit;
  nowMs = 0;
  /** Requests the upstream works on at once; more wait inside it. */
  servers = 50;
  serviceMs = 10;
  refused = 0;
  served = 0;
  readonly pinned: number[] = [];
  private readonly random = randomFrom(7);
  /** When each server is free again. */
  private free: number[] = [];
  private running: { readonly startMs: number; readonly endMs: number }[] = [];

  constructor(config: AdaptiveConcurrencyConfig = CONFIG) {
    this.limit = new GradientLimit(config, 0, randomFrom(11));
  }

  /** `ratePerMs` requests a millisecond, for so long. */
  run(durationMs: number, ratePerMs: number): void {
    const untilMs = this.nowMs + durationMs;
    let due = 0;
    for (; this.nowMs < untilMs; this.nowMs += 1) {
      this.finish();
      due += ratePerMs;
      for (; due >= 1; due -= 1) this.arrive();
      if (this.limit.isPinned) this.pinned.push(this.nowMs);
    }
  }

  private arrive(): void {
    this.limit.expire(this.nowMs);
    if (this.running.length >= this.limit.limit) {
      this.refused += 1;
      return;
    }
    this.free = this.free.filter((at) => at > this.nowMs).sort((a, b) => a - b);
    const beginMs =
      this.free.length < this.servers ? this.nowMs : this.free[this.free.length - this.servers]!;
    const endMs = beginMs + this.serviceMs * (0.8 + 0.4 * this.random());
    this.free.push(endMs);
    this.running.push({ startMs: this.nowMs, endMs });
  }

  private finish(): void {
    const done = this.running.filter(({ endMs }) => endMs <= this.nowMs);
    for (const { startMs, endMs } of done) {
      this.limit.sample(endMs - startMs, this.running.length, this.nowMs);
      this.served += 1;
    }
    this.running = this.running.filter(({ endMs }) => endMs > this.nowMs);
  }
}

describe('the adaptive limit', () => {
  it('finds what the upstream can take, and refuses the rest of an overload', () => {
    const simulation = new Simulation();
    simulation.run(500, 1);
    // 50 servers and 10 ms are 5 a millisecond: twice that is asked for.
    simulation.run(20_000, 10);
    expect(simulation.limit.limit).toBeGreaterThan(45);
    expect(simulation.limit.limit).toBeLessThan(110);
    // Nearly all of the capacity is used: at the least 4.5 of 5.
    expect(simulation.served).toBeGreaterThan(20_000 * 4.5);
    expect(simulation.refused).toBeGreaterThan(20_000 * 4);
  });

  it('shrinks when latency grows, and recovers when it is as before', () => {
    const simulation = new Simulation();
    simulation.run(500, 1);
    simulation.run(5_000, 10);
    const before = simulation.limit.limit;
    simulation.servers = 10;
    simulation.run(5_000, 10);
    const slow = simulation.limit.limit;
    expect(slow).toBeLessThan(before / 2);
    simulation.servers = 50;
    simulation.run(5_000, 10);
    expect(simulation.limit.limit).toBeGreaterThan(before * 0.8);
  });

  it('does not grow while nobody comes near it', () => {
    const simulation = new Simulation();
    simulation.run(30_000, 0.5);
    expect(simulation.limit.limit).toBe(CONFIG.initial);
    expect(simulation.refused).toBe(0);
  });

  it('stays between its bounds', () => {
    const narrow = { ...CONFIG, min: 5, max: 30 };
    const simulation = new Simulation(narrow);
    simulation.run(5_000, 20);
    expect(simulation.limit.limit).toBe(30);
    simulation.serviceMs = 2_000;
    simulation.run(60_000, 20);
    expect(simulation.limit.limit).toBe(5);
  });

  it('measures the latency without load anew, for a moment at its least limit', () => {
    const simulation = new Simulation({ ...CONFIG, minRttIntervalMs: 5_000 });
    simulation.run(500, 1);
    simulation.run(4_000, 10);
    expect(simulation.pinned).toEqual([]);
    // The service has become slower for good: without a measurement the limit would be at its least for ever.
    simulation.serviceMs = 40;
    simulation.run(30_000, 10);
    const spans = simulation.pinned.filter((at, index, all) => at !== (all[index - 1] ?? -2) + 1);
    expect(spans.length).toBeGreaterThanOrEqual(4);
    expect(spans.length).toBeLessThanOrEqual(7);
    expect(simulation.pinned.length).toBeLessThan(30_000 / 5);
    expect(simulation.limit.limit).toBeGreaterThan(45);
  });

  it('measures at intervals that vary by the jitter', () => {
    const simulation = new Simulation({ ...CONFIG, minRttIntervalMs: 2_000, jitter: 0.5 });
    simulation.run(40_000, 5);
    const starts = simulation.pinned.filter((at, index, all) => at !== (all[index - 1] ?? -2) + 1);
    const gaps = starts.slice(1).map((at, index) => at - starts[index]!);
    expect(Math.min(...gaps)).toBeGreaterThan(900);
    expect(Math.max(...gaps)).toBeLessThan(4_200);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(300);
  });

  it('ends a measurement for which no requests come', () => {
    const limit = new GradientLimit({ ...CONFIG, minRttIntervalMs: 1_000 }, 0);
    for (let index = 0; index < 50; index += 1) limit.sample(10, 5, 100);
    expect(limit.isPinned).toBe(false);
    limit.sample(10, 5, 1_200);
    expect([limit.isPinned, limit.limit]).toEqual([true, 3]);
    limit.expire(1_900);
    expect(limit.isPinned).toBe(true);
    limit.expire(2_300);
    expect([limit.isPinned, limit.limit]).toEqual([false, 20]);
  });
});
