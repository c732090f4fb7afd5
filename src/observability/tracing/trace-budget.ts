/** Owns how many traces a worker may record: tracing stays cheap whatever the load. A token bucket. */

/** What was not recorded in so many seconds may be made up for at once. */
const BURST_SECONDS = 5;

export class TraceBudget {
  readonly #perMs: number;
  readonly #most: number;
  #left: number;
  #filledAtMs = 0;

  constructor(tracesPerSecond: number) {
    this.#perMs = tracesPerSecond / 1000;
    this.#most = tracesPerSecond * BURST_SECONDS;
    this.#left = this.#most;
  }

  /** `nowMs`: monotonic. False when there is nothing left for now. */
  take(nowMs: number): boolean {
    this.#left = Math.min(this.#most, this.#left + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
