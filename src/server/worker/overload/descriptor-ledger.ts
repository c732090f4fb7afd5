/**
 * Owns how many file descriptors this process has open: counted now and then, and carried on between by the sockets that open
 * and close, for to count 15,000 of them takes 30 ms.
 */

export interface DescriptorLedgerOptions {
  /** The true number; below 0 when it cannot be had (no /proc, or no descriptor left to look with). */
  readonly count: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A count takes at most a hundredth of the time. */
const COUNT_SHARE = 100;
const COUNT_INTERVAL_MS = 1000;

export class DescriptorLedger {
  readonly #options: DescriptorLedgerOptions;
  #sockets = 0;
  /** Files, pipes, the event loop's own; corrected with each count. */
  #others = 0;
  #countAtMs = -Infinity;
  #alarmAt = Infinity;
  #onAlarm: () => void = () => undefined;

  constructor(options: DescriptorLedgerOptions) {
    this.#options = options;
  }

  get open(): number {
    return this.#others + this.#sockets;
  }

  /** Calls back whenever a socket opens with this many descriptors or more open. */
  watch(alarmAt: number, onAlarm: () => void): void {
    this.#alarmAt = alarmAt;
    this.#onAlarm = onAlarm;
  }

  opened(): void {
    this.#sockets += 1;
    if (this.open >= this.#alarmAt) this.#onAlarm();
  }

  closed(): void {
    this.#sockets -= 1;
  }

  /** Counts, unless that was done a moment ago. */
  recount(): void {
    const begun = this.#options.now();
    if (begun < this.#countAtMs) return;
    const counted = this.#options.count();
    const ended = this.#options.now();
    this.#countAtMs = ended + Math.max(COUNT_INTERVAL_MS, (ended - begun) * COUNT_SHARE);
    if (counted >= 0) this.#others = counted - this.#sockets;
  }
}
