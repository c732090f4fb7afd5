/** Owns the telling of trouble with the file of a log: once when it begins and once when it is over, however often it is met. */
import type { Log } from '../logger.js';

export type TroubleKind = 'open' | 'write';

const BEGINS: Readonly<Record<TroubleKind, string>> = {
  open: 'The access log cannot be opened: lines go on to the file that was there, or are held',
  write: 'The access log cannot be written: lines are held, and lost when there are too many',
};
const ENDS: Readonly<Record<TroubleKind, string>> = {
  open: 'The access log is open again',
  write: 'The access log is written again',
};

export class LogTrouble {
  readonly #log: Pick<Log, 'error' | 'info'>;
  readonly #path: string;
  /** The count of lost lines when it began. */
  readonly #lostBefore = new Map<TroubleKind, number>();

  constructor(log: Pick<Log, 'error' | 'info'>, path: string) {
    this.#log = log;
    this.#path = path;
  }

  met(kind: TroubleKind, error: Error, lost: number): void {
    if (this.#lostBefore.has(kind)) return;
    this.#lostBefore.set(kind, lost);
    const { code } = error as NodeJS.ErrnoException;
    this.#log.error({ path: this.#path, code, reason: error.message }, BEGINS[kind]);
  }

  over(kind: TroubleKind, lost: number): void {
    const before = this.#lostBefore.get(kind);
    if (before === undefined) return;
    this.#lostBefore.delete(kind);
    this.#log.info({ path: this.#path, lost: lost - before }, ENDS[kind]);
  }

  /** Nobody is left who could write them. */
  gaveUp(lines: number): void {
    this.#log.error(
      { path: this.#path, lost: lines },
      'Lines of the access log were lost when the worker ended',
    );
  }
}
