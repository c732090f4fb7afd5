/** A scheduler whose time stands still until the test lets it pass. */
import type { Scheduler } from '../../src/server/primary/scheduler.js';

interface FakeTimer {
  at: number;
  readonly run: () => void;
  readonly everyMs?: number;
}

export class FakeScheduler implements Scheduler {
  private time = 0;
  private timers: FakeTimer[] = [];

  now(): number {
    return this.time;
  }

  after(delayMs: number, run: () => void): () => void {
    return this.add({ at: this.time + delayMs, run });
  }

  every(everyMs: number, run: () => void): () => void {
    return this.add({ at: this.time + everyMs, run, everyMs });
  }

  /** Runs what falls due within that time, in order. */
  advance(byMs: number): void {
    const end = this.time + byMs;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.time = next.at;
      if (next.everyMs === undefined) this.timers = this.timers.filter((timer) => timer !== next);
      else next.at += next.everyMs;
      next.run();
    }
    this.time = end;
  }

  private add(timer: FakeTimer): () => void {
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }
}
