/** Owns the worker's part in a reload: what was prepared waits here until the primary says what becomes of it. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { DataPlane } from '../../contracts/lifecycle.js';
import { messageOf } from '../../errors/message-of.js';
import type { ConfigAnswer, PrimaryMessage } from '../ipc/messages.js';

export interface ConfigSwapOptions {
  readonly plane: Pick<DataPlane, 'prepare' | 'commit' | 'discard'>;
  answer(message: ConfigAnswer): void;
  /** The snapshot serves from now on. */
  onCommit(snapshot: ConfigSnapshot): void;
}

type SwapMessage = Extract<PrimaryMessage, { type: 'prepare' | 'commit' | 'discard' }>;

export class ConfigSwap {
  readonly #options: ConfigSwapOptions;
  #prepared: ConfigSnapshot | undefined;

  constructor(options: ConfigSwapOptions) {
    this.#options = options;
  }

  /** Never throws. Words about another version than the one prepared last are too late, and mean nothing. */
  receive(message: SwapMessage): void {
    if (message.type === 'prepare') this.#prepare(message.snapshot);
    else if (message.version === this.#prepared?.version) this.#settle(this.#prepared, message.type);
  }

  #prepare(snapshot: ConfigSnapshot): void {
    const { version } = snapshot;
    this.#prepared = undefined;
    try {
      this.#options.plane.prepare(snapshot);
      this.#prepared = snapshot;
      this.#options.answer({ type: 'prepared', version });
    } catch (error) {
      const problem = messageOf(error);
      this.#options.answer({ type: 'rejected', version, problem });
    }
  }

  #settle(snapshot: ConfigSnapshot, verdict: 'commit' | 'discard'): void {
    this.#prepared = undefined;
    if (verdict === 'discard') {
      this.#options.plane.discard();
      return;
    }
    this.#options.plane.commit();
    this.#options.onCommit(snapshot);
    this.#options.answer({ type: 'applied', version: snapshot.version });
  }
}
