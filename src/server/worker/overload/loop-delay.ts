/**
 * Owns how long whatever happens at a random instant has waited of late until the event loop took it: the mean length of the
 * pauses, weighted by their length, over a sliding window. Weighting makes it the pause that a random arrival meets (the
 * inspection paradox); the longest pause is left out, so that a single collection of garbage, however long, is no overload.
 */

interface Pause {
  readonly endedAtMs: number;
  readonly lengthMs: number;
}

/** Shorter ones are the grain of the clock. */
const SHORTEST_MS = 5;

export class LoopDelay {
  #windowMs: number;
  #pauses: readonly Pause[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  configure(windowMs: number): void {
    this.#windowMs = windowMs;
  }

  /** The loop was late by so much just now. At most one a probe: their number is bounded by the window. */
  record(lengthMs: number, nowMs: number): void {
    if (lengthMs < SHORTEST_MS) return;
    this.#pauses = [...this.#pauses, { endedAtMs: nowMs, lengthMs }];
  }

  /**
   * Milliseconds. Where pauses of length D follow each other without a gap it is D; where they take half of the time it is half
   * of D.
   */
  read(nowMs: number): number {
    const spanMs = this.#forget(nowMs);
    let longest = { lengthMs: 0, withinMs: 0 };
    let weighted = 0;
    for (const { endedAtMs, lengthMs } of this.#pauses) {
      // The first one may have begun before the window did.
      const withinMs = Math.min(lengthMs, spanMs - (nowMs - endedAtMs));
      if (lengthMs > longest.lengthMs) longest = { lengthMs, withinMs };
      weighted += lengthMs * withinMs;
    }
    return (weighted - longest.lengthMs * longest.withinMs) / (spanMs - longest.withinMs);
  }

  /** Drops what is too old. A window that holds no two of the longest pauses could never tell that there is more than one. */
  #forget(nowMs: number): number {
    const longest = this.#pauses.reduce((most, { lengthMs }) => Math.max(most, lengthMs), 0);
    const spanMs = Math.max(this.#windowMs, 2 * longest);
    this.#pauses = this.#pauses.filter(({ endedAtMs }) => nowMs - endedAtMs <= spanMs);
    return spanMs;
  }
}
