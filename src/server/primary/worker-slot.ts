/** Owns what the primary knows of one place in the pool: the worker that fills it now, and its history of crashes. */
import type { LifecyclePhase } from '../../contracts/lifecycle.js';
import type { PortMode } from './bound-ports.js';
import type { RestartBackoff } from './restart-backoff.js';
import type { WorkerProcess } from './worker-process.js';

/** One worker from its fork to its exit. */
export interface WorkerRecord {
  readonly process: WorkerProcess;
  readonly forkedAt: number;
  phase: LifecyclePhase;
  readyAt: number | undefined;
  heardAt: number;
  pingedAt: number;
  /** Its silence means nothing before that. */
  excusedUntil: number;
  /** It has asked for its snapshot. */
  greeted: boolean;
  /** Undefined until it was told to bind. */
  portMode: PortMode | undefined;
  /** Version of the newest snapshot that it was told to serve; 0 before the first. */
  configVersion: number;
  /** Why the worker said that it cannot serve. */
  bootProblem: string | undefined;
  /** Why the primary killed it. */
  killedFor: string | undefined;
}

export interface WorkerSlot {
  /** 1, 2, 3 ...: the label `worker` in metrics. A replacement keeps it. */
  readonly number: number;
  readonly backoff: RestartBackoff;
  worker: WorkerRecord | undefined;
  /** When the last one crashed, until its replacement is ready. */
  crashedAt: number | undefined;
  /** Ends the wait for a replacement. */
  cancelRestart: (() => void) | undefined;
}

export const newWorkerRecord = (process: WorkerProcess, nowMs: number): WorkerRecord => ({
  process,
  forkedAt: nowMs,
  phase: 'starting',
  readyAt: undefined,
  heardAt: nowMs,
  pingedAt: nowMs,
  excusedUntil: 0,
  greeted: false,
  portMode: undefined,
  configVersion: 0,
  bootProblem: undefined,
  killedFor: undefined,
});
