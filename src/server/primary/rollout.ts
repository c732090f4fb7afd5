/** Owns the agreement of the workers on one snapshot: all of them serve it, or none does. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { ConfigAnswer, EndpointDirectoryState } from '../ipc/messages.js';
import type { Scheduler } from './scheduler.js';
import type { WorkerRecord } from './worker-slot.js';

export interface RolloutOptions {
  readonly snapshot: ConfigSnapshot;
  readonly endpoints: EndpointDirectoryState;
  /** The workers that are asked: those that serve now. */
  readonly workers: readonly WorkerRecord[];
  readonly scheduler: Scheduler;
}

/** `prepared` holds the workers that can serve the snapshot and still live. */
export type Vote =
  | { readonly ok: true; readonly prepared: ReadonlySet<WorkerRecord> }
  | { readonly ok: false; readonly problem: string };

/** Composing takes milliseconds; this is for workers that hang. */
export const ANSWER_TIMEOUT_MS = 10_000;

export class Rollout {
  readonly #options: RolloutOptions;
  readonly #waiting: Set<WorkerRecord>;
  readonly #agreed = new Set<WorkerRecord>();
  #problem: string | undefined;
  #settle: () => void = () => undefined;

  constructor(options: RolloutOptions) {
    this.#options = options;
    this.#waiting = new Set(options.workers);
  }

  /** Asks every worker. A worker that dies has no vote, but at least one must agree. Never rejects. */
  async prepare(): Promise<Vote> {
    const { snapshot, endpoints, workers } = this.#options;
    for (const worker of workers) worker.process.send({ type: 'prepare', snapshot, endpoints });
    const silent = await this.#answers();
    if (silent.length > 0) this.#problem ??= `${silent.length} of the workers did not answer`;
    if (this.#agreed.size === 0) this.#problem ??= 'no worker was there to try it';
    if (this.#problem === undefined) return { ok: true, prepared: this.#agreed };
    this.discard();
    return { ok: false, problem: this.#problem };
  }

  /** It will not be served: those that prepared it let go of it. */
  discard(): void {
    const { snapshot, workers } = this.#options;
    for (const worker of workers) worker.process.send({ type: 'discard', version: snapshot.version });
  }

  /** Waits until those that agreed serve it. Resolves with the ones that did not say so in time. */
  confirm(): Promise<readonly WorkerRecord[]> {
    for (const worker of this.#agreed) this.#waiting.add(worker);
    return this.#answers();
  }

  receive(worker: WorkerRecord, answer: ConfigAnswer): void {
    if (answer.version !== this.#options.snapshot.version) return;
    if (answer.type === 'prepared') this.#agreed.add(worker);
    if (answer.type === 'rejected') this.#problem ??= answer.problem;
    this.#heard(worker);
  }

  /** That worker is dead: nobody waits for it. */
  gone(worker: WorkerRecord): void {
    this.#agreed.delete(worker);
    this.#heard(worker);
  }

  #heard(worker: WorkerRecord): void {
    if (this.#waiting.delete(worker) && this.#waiting.size === 0) this.#settle();
  }

  /** Resolves when everyone was heard, or with those that were not. */
  #answers(): Promise<readonly WorkerRecord[]> {
    if (this.#waiting.size === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      this.#settle = () => {
        cancel();
        resolve([...this.#waiting]);
        this.#waiting.clear();
      };
      const cancel = this.#options.scheduler.after(ANSWER_TIMEOUT_MS, () => this.#settle());
    });
  }
}
