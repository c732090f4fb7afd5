/** Owns what follows when a worker dies that nobody told to: its place is filled again, at once or after a pause. */
import type { Log } from '../../observability/logger.js';
import type { Scheduler } from './scheduler.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';
import type { WorkerExit } from './worker-starts.js';
import type { WorkerTimes } from './worker-times.js';

export interface CrashReplacementOptions {
  readonly scheduler: Scheduler;
  readonly log: Log;
  readonly times: Pick<WorkerTimes, 'replacedCrashed'>;
  forkInto(slot: WorkerSlot): void;
}

export class CrashReplacement {
  readonly #options: CrashReplacementOptions;
  #count = 0;

  constructor(options: CrashReplacementOptions) {
    this.#options = options;
  }

  /** How often it was done. */
  get count(): number {
    return this.#count;
  }

  /** The place is empty already. */
  replace(slot: WorkerSlot, worker: WorkerRecord, exit: WorkerExit): void {
    const { scheduler, log } = this.#options;
    const { successor } = slot;
    const livedMs = worker.readyAt === undefined ? 0 : scheduler.now() - worker.readyAt;
    const delayMs = successor === undefined ? slot.backoff.nextDelayMs(livedMs) : 0;
    slot.crashedAt ??= scheduler.now();
    const reason = worker.bootProblem ?? worker.killedFor;
    log.warn(
      { worker: slot.number, ...exit, ...(reason === undefined ? {} : { reason }), delayMs },
      `Worker ${worker.process.pid} crashed. Forking a replacement...`,
    );
    this.#count += 1;
    if (successor !== undefined) this.#promote(slot, successor);
    else if (delayMs === 0) this.#options.forkInto(slot);
    else this.#forkLater(slot, delayMs);
  }

  /** Somebody serves in that place again. Says how long nobody did, where the one before had crashed. */
  endOutage(slot: WorkerSlot, nowMs: number): { readonly sinceCrashMs?: number } {
    if (slot.crashedAt === undefined) return {};
    const sinceCrashMs = Math.round(nowMs - slot.crashedAt);
    slot.crashedAt = undefined;
    this.#options.times.replacedCrashed(sinceCrashMs);
    return { sinceCrashMs };
  }

  /** Its replacement was on its way already, for another reason. */
  #promote(slot: WorkerSlot, successor: WorkerRecord): void {
    slot.successor = undefined;
    slot.worker = successor;
    if (successor.readyAt !== undefined) this.endOutage(slot, this.#options.scheduler.now());
  }

  #forkLater(slot: WorkerSlot, delayMs: number): void {
    const cancel = this.#options.scheduler.after(delayMs, () => this.#options.forkInto(slot));
    slot.cancelRestart = () => {
      slot.cancelRestart = undefined;
      cancel();
    };
  }
}
