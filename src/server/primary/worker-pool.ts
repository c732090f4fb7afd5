/** Owns the slots of the instance, and the workers that leave: who lives, in which phase. Decides nothing. */
import type { LifecyclePhase } from '../../contracts/lifecycle.js';
import type { PrimaryMessage } from '../ipc/messages.js';
import type { RestartBackoff } from './restart-backoff.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';

export interface LiveWorker {
  readonly slot: WorkerSlot;
  readonly worker: WorkerRecord;
}

export class WorkerPool {
  readonly #makeBackoff: () => RestartBackoff;
  readonly #leaving = new Set<LiveWorker>();
  #slots: readonly WorkerSlot[] = [];

  constructor(size: number, makeBackoff: () => RestartBackoff) {
    this.#makeBackoff = makeBackoff;
    for (let count = 0; count < size; count += 1) this.addSlot();
  }

  /** By their numbers. */
  get slots(): readonly WorkerSlot[] {
    return this.#slots;
  }

  /** A new place, empty, with the lowest number that is free. */
  addSlot(): WorkerSlot {
    let number = 1;
    while (this.#slots.some((slot) => slot.number === number)) number += 1;
    const slot: WorkerSlot = {
      number,
      backoff: this.#makeBackoff(),
      worker: undefined,
      successor: undefined,
      crashedAt: undefined,
      cancelRestart: undefined,
    };
    this.#slots = [...this.#slots, slot].sort((left, right) => left.number - right.number);
    return slot;
  }

  /** Nobody is forked for it any more. Who works in it must have been told to leave. */
  removeSlot(slot: WorkerSlot): void {
    slot.cancelRestart?.();
    this.#slots = this.#slots.filter((other) => other !== slot);
  }

  /** Workers whose place is another's, or no longer there; the longest on their way first. */
  get leaving(): readonly LiveWorker[] {
    return [...this.#leaving];
  }

  /** That worker has its place no longer. */
  release(slot: WorkerSlot, worker: WorkerRecord): void {
    if (slot.worker === worker) slot.worker = undefined;
    if (slot.successor === worker) slot.successor = undefined;
    this.#leaving.add({ slot, worker });
  }

  /** False when that worker was not on its way out. */
  forget(worker: WorkerRecord): boolean {
    for (const live of this.#leaving) if (live.worker === worker) return this.#leaving.delete(live);
    return false;
  }

  living(): LiveWorker[] {
    const placed = this.#slots.flatMap((slot) =>
      [slot.worker, slot.successor].flatMap((worker) => (worker === undefined ? [] : [{ slot, worker }])),
    );
    return [...placed, ...this.#leaving];
  }

  inPhase(phase: LifecyclePhase): LiveWorker[] {
    return this.living().filter(({ worker }) => worker.phase === phase);
  }

  broadcast(message: PrimaryMessage): void {
    for (const { worker } of this.living()) worker.process.send(message);
  }

  killAll(): void {
    for (const { worker } of this.living()) worker.process.kill();
  }

  cancelRestarts(): void {
    for (const slot of this.slots) slot.cancelRestart?.();
  }
}
