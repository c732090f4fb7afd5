/** Owns the watch over the workers: each is pinged, and one that is silent, or never ready, is given up. */
import { judgeWorker, pingIntervalMs } from './heartbeat.js';
import type { HeartbeatLimits } from './heartbeat.js';
import type { Scheduler } from './scheduler.js';
import type { LiveWorker } from './worker-pool.js';
import type { WorkerRecord } from './worker-slot.js';

export interface WorkerWatchOptions {
  readonly scheduler: Scheduler;
  limits(): HeartbeatLimits;
  living(): readonly LiveWorker[];
  giveUp(worker: WorkerRecord, reason: string): void;
}

// A gap between two ticks this many times longer than it should be: the primary itself was suspended.
const SUSPENDED_TICKS = 5;
const LONGEST_TICK_MS = 1000;

export class WorkerWatch {
  readonly #options: WorkerWatchOptions;
  #sequence = 0;
  #cancel: () => void = () => undefined;

  constructor(options: WorkerWatchOptions) {
    this.#options = options;
  }

  start(): void {
    const { scheduler } = this.#options;
    const lastTickAt = scheduler.now();
    const tickMs = Math.min(LONGEST_TICK_MS, pingIntervalMs(this.#options.limits()));
    this.#cancel = scheduler.after(tickMs, () => {
      this.#tick(scheduler.now() - lastTickAt > tickMs * SUSPENDED_TICKS);
      this.start();
    });
  }

  stop(): void {
    this.#cancel();
  }

  #tick(suspended: boolean): void {
    const nowMs = this.#options.scheduler.now();
    for (const live of this.#options.living()) {
      // Silence while the primary itself stood still proves nothing.
      if (suspended || nowMs < live.worker.excusedUntil) live.worker.heardAt = nowMs;
      this.#watch(live, nowMs);
    }
  }

  #watch({ slot, worker }: LiveWorker, nowMs: number): void {
    const limits = this.#options.limits();
    switch (judgeWorker({ ...worker, ready: worker.readyAt !== undefined }, limits, nowMs)) {
      case 'ping': {
        worker.pingedAt = nowMs;
        this.#sequence += 1;
        worker.process.send({ type: 'ping', sequence: this.#sequence });
        return;
      }
      case 'silent': {
        const reason = `worker ${slot.number} answered no heartbeat for ${limits.heartbeatTimeoutMs} ms`;
        this.#options.giveUp(worker, reason);
        return;
      }
      case 'start-too-slow': {
        const reason = `worker ${slot.number} was not ready after ${limits.startTimeoutMs} ms`;
        this.#options.giveUp(worker, reason);
        return;
      }
      case 'fine':
        return;
    }
  }
}
