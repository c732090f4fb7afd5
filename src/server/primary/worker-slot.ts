/** Owns what the primary knows of one place in the pool: the worker that fills it now, who comes next, and its history. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { LifecyclePhase } from '../../contracts/lifecycle.js';
import type { EndpointDirectoryState } from '../ipc/messages.js';
import type { RestartBackoff } from './restart-backoff.js';
import type { WorkerProcess } from './worker-process.js';

/** What a worker begins with, when that is not what the instance serves. */
export interface BootWith {
  readonly snapshot: ConfigSnapshot;
  readonly endpoints: EndpointDirectoryState;
}

/** One worker from its fork to its exit. */
export interface WorkerRecord {
  /** Of no other worker of this instance, ever. */
  readonly id: number;
  readonly process: WorkerProcess;
  readonly forkedAt: number;
  /** In [0, 1): how much sooner than others it grows old. */
  readonly jitter: number;
  readonly bootWith: BootWith | undefined;
  phase: LifecyclePhase;
  readyAt: number | undefined;
  heardAt: number;
  pingedAt: number;
  /** Its silence means nothing before that. */
  excusedUntil: number;
  /** Version of the snapshot that it was started with: its listeners are those of that one; 0 before it was told. */
  bornWith: number;
  /** Version of the newest snapshot that it was told to serve; 0 before the first. */
  configVersion: number;
  /** Why the worker said that it cannot serve. */
  bootProblem: string | undefined;
  /** The listener that it could not bind because the address is taken. */
  takenListener: string | undefined;
  /** Why the primary killed it. */
  killedFor: string | undefined;
  /** Since when it leaves, and why: another one serves in its place, or none is needed there. */
  leaving: { readonly since: number; readonly reason: string } | undefined;
  /** Called once: it is ready, or it never will be. */
  onBooted: (isReady: boolean) => void;
}

export interface WorkerSlot {
  /** 1, 2, 3 ...: the label `worker` in metrics. A replacement keeps it. */
  readonly number: number;
  readonly backoff: RestartBackoff;
  worker: WorkerRecord | undefined;
  /** On its way to take the place of `worker`, which serves until then. */
  successor: WorkerRecord | undefined;
  /** When the last one crashed, until its replacement is ready. */
  crashedAt: number | undefined;
  /** Ends the wait for a replacement. */
  cancelRestart: (() => void) | undefined;
}

type Origin = Pick<WorkerRecord, 'id' | 'process' | 'jitter' | 'bootWith'>;

export const newWorkerRecord = (origin: Origin, nowMs: number): WorkerRecord => ({
  ...origin,
  forkedAt: nowMs,
  phase: 'starting',
  readyAt: undefined,
  heardAt: nowMs,
  pingedAt: nowMs,
  excusedUntil: 0,
  bornWith: 0,
  configVersion: 0,
  bootProblem: undefined,
  takenListener: undefined,
  killedFor: undefined,
  leaving: undefined,
  onBooted: () => undefined,
});
