/** Owns the last minutes of an instance, as those who watch it remember them: enough for rates, never more than a bound. */
import type { StatusDocument } from '../../contracts/status.js';
import { changeBetween, isSameInstance } from './change.js';
import type { StatusChange } from './change.js';

/** What is kept of a document. */
export type Moment = Pick<StatusDocument, 'time' | 'clockMs' | 'instance' | 'totals'>;

export class StatusHistory {
  readonly #spanMs: number;
  #moments: Moment[] = [];

  constructor(spanSeconds: number) {
    this.#spanMs = spanSeconds * 1000;
  }

  /** What came before another start of the instance is forgotten. True when that happened. */
  add({ time, clockMs, instance, totals }: StatusDocument): boolean {
    const last = this.#moments.at(-1);
    const isOther = last !== undefined && (!isSameInstance(last, { instance }) || clockMs < last.clockMs);
    if (isOther) this.#moments = [];
    if (last?.clockMs === clockMs) return isOther;
    this.#moments.push({ time, clockMs, instance, totals });
    while (clockMs - (this.#moments[0]?.clockMs ?? clockMs) > this.#spanMs) this.#moments.shift();
    return isOther;
  }

  get newest(): Moment | undefined {
    return this.#moments.at(-1);
  }

  /** What happened in about the last seconds; undefined with less than two documents. */
  over(seconds: number): StatusChange | undefined {
    const { newest } = this;
    if (newest === undefined) return undefined;
    // A poll that was a little late does not make the window one poll shorter.
    const from = newest.clockMs - (seconds + 0.5) * 1000;
    const oldest = this.#moments.find(({ clockMs }) => clockMs >= from);
    return oldest === undefined || oldest === newest ? undefined : changeBetween(oldest, newest);
  }

  /** From one document to the next. */
  latest(): StatusChange | undefined {
    const [before, newest] = this.#moments.slice(-2);
    return before === undefined || newest === undefined ? undefined : changeBetween(before, newest);
  }
}
