/** Owns the slots of the instance: which workers live, in which phase, bound to what. Decides nothing. */
import type { LifecyclePhase } from '../../contracts/lifecycle.js';
import type { PrimaryMessage } from '../ipc/messages.js';
import type { PortMode } from './bound-ports.js';
import type { RestartBackoff } from './restart-backoff.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';

export interface LiveWorker {
  readonly slot: WorkerSlot;
  readonly worker: WorkerRecord;
}

export class WorkerPool {
  readonly slots: readonly WorkerSlot[];

  constructor(size: number, makeBackoff: () => RestartBackoff) {
    this.slots = Array.from({ length: size }, (_, index) => ({
      number: index + 1,
      backoff: makeBackoff(),
      worker: undefined,
      crashedAt: undefined,
      cancelRestart: undefined,
    }));
  }

  living(): LiveWorker[] {
    return this.slots.flatMap((slot) => (slot.worker === undefined ? [] : [{ slot, worker: slot.worker }]));
  }

  inPhase(phase: LifecyclePhase): LiveWorker[] {
    return this.living().filter(({ worker }) => worker.phase === phase);
  }

  /** Another one than that was told to bind. */
  isAnotherBinding(self: WorkerRecord): boolean {
    return this.living().some(({ worker }) => worker !== self && worker.portMode !== undefined);
  }

  /** Those that asked for their snapshot and were not given it yet. */
  waiting(): LiveWorker[] {
    return this.living().filter(({ worker }) => worker.greeted && worker.portMode === undefined);
  }

  /** How the ready workers other than that one came to their ports. */
  portModesBeside(self: WorkerRecord): PortMode[] {
    return this.inPhase('ready').flatMap(({ worker }) =>
      worker === self || worker.portMode === undefined ? [] : [worker.portMode],
    );
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
