/** Owns the decision which worker is due to be replaced by a new one: for its age, or for its memory. */
import type { RecycleConfig } from '../../contracts/config.js';
import { RestartBackoff } from './restart-backoff.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';

export interface DueWorker {
  readonly slot: WorkerSlot;
  readonly reason: 'age' | 'memory';
}

/** Workers that began together do not end together: each may go this share of the age sooner. */
const AGE_JITTER = 0.1;

/**
 * A limit that a new worker is over at once must not become a loop: a place is renewed for memory at once the first time, then
 * with pauses that double. The same holds when its successor does not start.
 */
const REST = { minMs: 10_000, maxMs: 3_600_000, healthyAfterMs: 3_600_000 };

interface Rest {
  readonly backoff: RestartBackoff;
  untilMs: number;
}

export class Recycler {
  readonly #rests = new WeakMap<WorkerSlot, Rest>();

  /** The one that is due most. `rssOf`: resident bytes of a worker, undefined before they are known. */
  due(
    slots: readonly WorkerSlot[],
    { maxAgeMs, maxMemoryBytes }: RecycleConfig,
    rssOf: (worker: WorkerRecord) => number | undefined,
    nowMs: number,
  ): DueWorker | undefined {
    const rested = slots.filter((slot) => (this.#rests.get(slot)?.untilMs ?? 0) <= nowMs);
    const heavy = rested.find(
      ({ worker }) => isReady(worker) && (rssOf(worker) ?? 0) > (maxMemoryBytes ?? Infinity),
    );
    if (heavy !== undefined) return { slot: heavy, reason: 'memory' };
    const old = rested.find(
      ({ worker }) => isReady(worker) && ageOf(worker, nowMs) >= termOf(worker, maxAgeMs),
    );
    return old === undefined ? undefined : { slot: old, reason: 'age' };
  }

  /** That place was renewed for its memory, or could not be: it is left alone for a while. `livedMs`: of the worker before. */
  rest(slot: WorkerSlot, livedMs: number, nowMs: number): void {
    const rest = this.#rests.get(slot) ?? {
      backoff: new RestartBackoff({ limits: () => REST, random: () => 1 }),
      untilMs: 0,
    };
    rest.untilMs = nowMs + Math.max(REST.minMs, rest.backoff.nextDelayMs(livedMs));
    this.#rests.set(slot, rest);
  }
}

type Ready = WorkerRecord & { readonly readyAt: number };

const isReady = (worker: WorkerRecord | undefined): worker is Ready =>
  worker?.readyAt !== undefined && worker.phase === 'ready';

const ageOf = ({ readyAt }: Ready, nowMs: number): number => nowMs - readyAt;

const termOf = ({ jitter }: Ready, maxAgeMs = Infinity): number => maxAgeMs * (1 - jitter * AGE_JITTER);
