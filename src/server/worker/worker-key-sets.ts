/** Owns the worker's copy of the remote key sets; the primary fetches them. */
import type { KeySetSnapshot, KeySetSource } from '../../contracts/key-set.js';
import type { KeySets } from '../ipc/messages.js';

export interface WorkerKeySetsOptions {
  /** Asks the primary for a fetch. False when the primary cannot be asked. */
  askPrimary(request: number, url: string, onSent: (sent: boolean) => void): void;
  /** Longest wait for the primary's answer. */
  readonly timeoutMs: number;
}

export class WorkerKeySets implements KeySetSource {
  readonly #options: WorkerKeySetsOptions;
  readonly #sets = new Map<string, KeySetSnapshot>();
  readonly #waiting = new Map<number, () => void>();
  readonly #running = new Map<string, Promise<KeySetSnapshot | undefined>>();
  #request = 0;

  constructor(options: WorkerKeySetsOptions) {
    this.#options = options;
  }

  current(url: string): KeySetSnapshot | undefined {
    return this.#sets.get(url);
  }

  /** Exchanges that ask at the same moment share one question. */
  refresh(url: string): Promise<KeySetSnapshot | undefined> {
    const running = this.#running.get(url);
    if (running !== undefined) return running;
    const asked = this.#ask(url).then(() => {
      this.#running.delete(url);
      return this.#sets.get(url);
    });
    this.#running.set(url, asked);
    return asked;
  }

  load(keySets: KeySets): void {
    for (const [url, keySet] of keySets) this.store(url, keySet);
  }

  store(url: string, keySet: KeySetSnapshot): void {
    this.#sets.set(url, keySet);
  }

  /** The primary has answered that question. */
  answered(request: number): void {
    this.#waiting.get(request)?.();
  }

  #ask(url: string): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(request);
        resolve();
      };
      const timer = setTimeout(done, this.#options.timeoutMs);
      timer.unref();
      this.#waiting.set(request, done);
      this.#options.askPrimary(request, url, (sent) => {
        if (!sent) done();
      });
    });
  }
}
