/**
 * Owns the replacement of workers that are well: the successor is forked and serves before the one before is told to leave, one
 * at a time. A successor that does not start changes nothing.
 */
import type { Log } from '../../observability/logger.js';
import type { Scheduler } from './scheduler.js';
import type { Supervisor } from './supervisor.js';
import type { BootWith, WorkerRecord, WorkerSlot } from './worker-slot.js';

/** Why a worker is replaced that did not crash: the label `reason` in metrics. */
export const REPLACEMENT_REASONS = ['config', 'age', 'memory', 'request'] as const;
export type ReplacementReason = (typeof REPLACEMENT_REASONS)[number];

export interface RollerOptions {
  readonly supervisor: Pick<
    Supervisor,
    | 'pool'
    | 'phase'
    | 'succeed'
    | 'handOver'
    | 'onlyPlacedAccept'
    | 'outdated'
    | 'settlePorts'
    | 'grow'
    | 'shrink'
  >;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

/** A worker that has started with a snapshot which nobody else serves yet, or why it has not. */
export type Trial =
  | { readonly ok: true; readonly slot: WorkerSlot; readonly worker: WorkerRecord }
  | { readonly ok: false; readonly problem: string };

/** A successor is forked this often before its predecessor is left in place. */
const TRIES = 3;
const RETRY_MS = 500;

export class Roller {
  readonly #options: RollerOptions;
  readonly replaced: Record<ReplacementReason, number> = { config: 0, age: 0, memory: 0, request: 0 };
  #failed = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: RollerOptions) {
    this.#options = options;
  }

  /** Successors that did not start. */
  get failed(): number {
    return this.#failed;
  }

  /** Somebody changes the pool, or waits to. */
  isBusy(): boolean {
    return this.#waiting > 0;
  }

  /** Changes of the pool happen one after the other. */
  async exclusively<T>(run: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const turn = this.#turn.then(run);
    this.#turn = turn.catch(() => undefined);
    return turn.finally(() => (this.#waiting -= 1));
  }

  /** False when no successor could be started: the worker goes on, or the instance stops. To be called exclusively. */
  async replace(slot: WorkerSlot, reason: ReplacementReason): Promise<boolean> {
    const { supervisor, log } = this.#options;
    if (this.#isStopping()) return false;
    const pid = slot.worker?.process.pid;
    log.info({ worker: slot.number, reason }, `Replacing worker ${pid ?? 'that died'}`);
    const { worker, isReady } = await supervisor.succeed(slot);
    if (this.#isStopping()) return false;
    if (!isReady) {
      this.#failed += 1;
      const problem = worker.bootProblem ?? worker.killedFor;
      log.error({ worker: slot.number, reason, problem }, `Worker ${pid ?? slot.number} has no successor`);
      return false;
    }
    supervisor.handOver(slot, worker, reason);
    this.replaced[reason] += 1;
    return true;
  }

  /** Starts one worker with a snapshot that is to be served: what cannot be bound shows here. To be called exclusively. */
  async try(bootWith: BootWith): Promise<Trial> {
    const { supervisor } = this.#options;
    await supervisor.settlePorts(bootWith.snapshot);
    const [slot] = supervisor.pool.slots;
    if (slot === undefined || this.#isStopping()) return { ok: false, problem: 'the instance is stopping' };
    const { worker, isReady } = await supervisor.succeed(slot, bootWith);
    if (isReady) return { ok: true, slot, worker };
    this.#failed += 1;
    return {
      ok: false,
      problem: worker.bootProblem ?? worker.killedFor ?? 'the first worker with it ended before it was ready',
    };
  }

  /**
   * The worker that was tried takes its place, and the others that have old listeners are replaced. Resolves when nobody who
   * connects meets an old listener. To be called exclusively.
   */
  async complete({ slot, worker }: Trial & { readonly ok: true }): Promise<void> {
    this.#options.supervisor.handOver(slot, worker, 'config');
    this.replaced.config += 1;
    await this.renew();
    await this.#options.supervisor.onlyPlacedAccept();
  }

  /** Replaces the workers that have old listeners. One that cannot be stays, and is tried again later. To be called exclusively. */
  async renew(): Promise<void> {
    const { supervisor } = this.#options;
    for (const slot of supervisor.outdated()) {
      for (let attempt = 0; attempt < TRIES && supervisor.outdated().includes(slot); attempt += 1) {
        if (attempt > 0) await this.#pause(RETRY_MS * attempt);
        if (this.#isStopping()) return;
        await this.replace(slot, 'config');
      }
    }
  }

  /** As many places as that: more are added, or the workers with the fewest connections leave. To be called exclusively. */
  resize(count: number, quietest: () => WorkerSlot | undefined, reason: string): void {
    const { supervisor } = this.#options;
    const { pool } = supervisor;
    if (this.#isStopping()) return;
    while (pool.slots.length < count) supervisor.grow();
    while (pool.slots.length > count) {
      const slot = quietest();
      if (slot === undefined) return;
      supervisor.shrink(slot, reason);
    }
  }

  #isStopping(): boolean {
    return this.#options.supervisor.phase === 'draining';
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.scheduler.after(durationMs, resolve));
  }
}
