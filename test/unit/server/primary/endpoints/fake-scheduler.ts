/** A clock that stands until a test moves it. */
import type { Scheduler } from '../../../../../src/server/primary/scheduler.js';

interface Job {
  readonly dueMs: number;
  readonly run: () => void;
}

export class FakeScheduler implements Scheduler {
  #nowMs = 0;
  readonly #jobs = new Set<Job>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const job = { dueMs: this.#nowMs + delayMs, run };
    this.#jobs.add(job);
    return () => void this.#jobs.delete(job);
  }

  every(): () => void {
    return () => undefined;
  }

  get waiting(): number {
    return this.#jobs.size;
  }

  /** Runs what is due on the way, in order, and lets promises go on in between. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = [...this.#jobs].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#jobs.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = endMs;
  }
}
