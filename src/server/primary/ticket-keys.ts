/** Owns the secret that session tickets are made from: one for the instance, so that any worker resumes any session. */
import { randomBytes } from 'node:crypto';
import type { Log } from '../../observability/logger.js';
import type { Scheduler } from './scheduler.js';

export interface TicketKeysOptions {
  readonly rotationMs: number;
  readonly scheduler: Scheduler;
  readonly log: Pick<Log, 'info'>;
  /** Called with each new secret. */
  onRotated(ticketKeys: string): void;
}

const SECRET_BYTES = 48;

export class TicketKeys {
  readonly #options: TicketKeysOptions;
  #rotationMs: number;
  #secret = newSecret();
  #cancel: () => void = () => undefined;

  constructor(options: TicketKeysOptions) {
    this.#options = options;
    this.#rotationMs = options.rotationMs;
  }

  start(): void {
    this.#cancel = this.#options.scheduler.every(this.#rotationMs, () => this.#rotate());
  }

  /** The secret that is there goes by the new term, counted from now, where it is another one. */
  rotateEvery(rotationMs: number): void {
    if (rotationMs === this.#rotationMs) return;
    this.#rotationMs = rotationMs;
    this.#cancel();
    this.start();
  }

  stop(): void {
    this.#cancel();
  }

  /** Base64. Each listener derives its own keys from it. */
  current(): string {
    return this.#secret;
  }

  // The former secret is kept nowhere: what was recorded under it stays closed, even to whoever takes this process over.
  #rotate(): void {
    this.#secret = newSecret();
    this.#options.onRotated(this.#secret);
    this.#options.log.info('Session ticket keys rotated');
  }
}

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64');
