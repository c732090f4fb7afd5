/** Owns the primary's clock and timers, so that tests can hand in their own. */
import { performance } from 'node:perf_hooks';

export interface Scheduler {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs once; the returned function cancels. */
  after(delayMs: number, run: () => void): () => void;
  /** Runs again and again; the returned function cancels. */
  every(intervalMs: number, run: () => void): () => void;
}

export const systemScheduler: Scheduler = {
  now: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  every: (intervalMs, run) => {
    const timer = setInterval(run, intervalMs);
    return () => clearInterval(timer);
  },
};
