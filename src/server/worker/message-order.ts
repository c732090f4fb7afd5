/** Owns the order of what the primary says: nothing overtakes a snapshot that something must be loaded for first. */
import type { PrimaryMessage } from '../ipc/messages.js';

/** They are about the process, and never wait. */
const URGENT: ReadonlySet<PrimaryMessage['type']> = new Set(['ping', 'retire', 'shutdown']);

export class MessageOrder {
  readonly #handle: (message: PrimaryMessage) => void;
  /** What was said while something is being loaded. */
  #held: PrimaryMessage[] | undefined;

  constructor(handle: (message: PrimaryMessage) => void) {
    this.#handle = handle;
  }

  receive(message: PrimaryMessage): void {
    if (this.#held !== undefined && !URGENT.has(message.type)) this.#held.push(message);
    else this.#handle(message);
  }

  /** Loads, goes on with `proceed`, then with what was said meanwhile. Rejects as they do; what was said is handled even then. */
  async after(load: () => Promise<void>, proceed: () => void): Promise<void> {
    const held: PrimaryMessage[] = (this.#held = []);
    try {
      await load();
      proceed();
    } finally {
      this.#held = undefined;
      for (const message of held) this.receive(message);
    }
  }
}
