/**
 * Owns the leave of workers whose place another one has taken, or that are not needed any more: they take nothing new, end what
 * they have, and are killed if they outlive their deadline. How many may be on their way out is bounded.
 */
import type { Log } from '../../observability/logger.js';
import type { Scheduler } from './scheduler.js';
import type { LiveWorker, WorkerPool } from './worker-pool.js';
import type { WorkerRecord } from './worker-slot.js';

export interface RetirementLimits {
  /** Longest leave of one worker, milliseconds. */
  readonly timeoutMs: number;
  /** More than this many at once, and the first to leave are hurried. */
  readonly most: number;
}

export interface RetirementOptions {
  readonly pool: WorkerPool;
  readonly scheduler: Scheduler;
  readonly log: Log;
  limits(): RetirementLimits;
  onGone(drainMs: number): void;
}

// A worker that has lost its own deadline gets this long beyond it before it is killed.
export const DRAIN_GRACE_MS = 2000;

/** Closing listening sockets takes milliseconds; this is for workers that hang. */
export const STOP_ACCEPTING_TIMEOUT_MS = 10_000;

export class Retirement {
  readonly #options: RetirementOptions;
  readonly #hurried = new WeakSet<WorkerRecord>();
  readonly #deadlines = new Map<WorkerRecord, () => void>();
  readonly #accepting = new Set<WorkerRecord>();
  #onNoneAccepts: () => void = () => undefined;

  constructor(options: RetirementOptions) {
    this.#options = options;
  }

  /** That worker leaves its slot. It is told. */
  begin({ slot, worker }: LiveWorker, reason: string): void {
    const { pool, scheduler, log } = this.#options;
    const { timeoutMs } = this.#options.limits();
    pool.release(slot, worker);
    worker.phase = 'draining';
    worker.leaving = { since: scheduler.now(), reason };
    this.#accepting.add(worker);
    worker.process.send({ type: 'retire', reason, timeoutMs });
    log.info({ worker: slot.number, reason }, `Worker ${worker.process.pid} leaves`);
    this.#deadlines.set(
      worker,
      scheduler.after(timeoutMs + DRAIN_GRACE_MS, () => {
        log.warn({ worker: slot.number }, `Worker ${worker.process.pid} did not leave in time. Killing it`);
        worker.process.kill();
      }),
    );
    this.#hurry();
  }

  /** Nobody connects to that worker any more. */
  stoppedAccepting(worker: WorkerRecord): void {
    if (this.#accepting.delete(worker) && this.#accepting.size === 0) this.#onNoneAccepts();
  }

  /** Waits until nobody who leaves takes connections. Resolves with those that did not say so in time. */
  silent(): Promise<readonly WorkerRecord[]> {
    if (this.#accepting.size === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        resolve([...this.#accepting]);
      };
      const cancel = this.#options.scheduler.after(STOP_ACCEPTING_TIMEOUT_MS, end);
      this.#onNoneAccepts = end;
    });
  }

  /** False when that worker was not leaving. */
  gone(worker: WorkerRecord): boolean {
    this.stoppedAccepting(worker);
    if (!this.#options.pool.forget(worker)) return false;
    this.#deadlines.get(worker)?.();
    this.#deadlines.delete(worker);
    const since = worker.leaving?.since;
    if (since !== undefined) this.#options.onGone(this.#options.scheduler.now() - since);
    return true;
  }

  stop(): void {
    for (const cancel of this.#deadlines.values()) cancel();
    this.#deadlines.clear();
    this.#accepting.clear();
    this.#onNoneAccepts();
  }

  #hurry(): void {
    const { leaving } = this.#options.pool;
    const surplus = leaving.length - this.#options.limits().most;
    for (const { slot, worker } of leaving.slice(0, Math.max(0, surplus))) {
      if (this.#hurried.has(worker)) continue;
      this.#hurried.add(worker);
      const reason = 'too many workers leave at once';
      this.#options.log.warn({ worker: slot.number, reason }, `Hurrying worker ${worker.process.pid}`);
      worker.process.send({ type: 'shutdown', reason });
    }
  }
}
