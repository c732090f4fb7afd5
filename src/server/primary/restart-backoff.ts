/** Owns how long a crashed worker's replacement waits. */

export interface BackoffLimits {
  readonly minMs: number;
  readonly maxMs: number;
  /** A worker that lived this long does not count as crashing again. */
  readonly healthyAfterMs: number;
}

export interface BackoffOptions {
  /** Those in force. */
  limits(): BackoffLimits;
  /** In [0, 1). */
  random(): number;
}

/** Crashes in a row of one slot. The first is answered at once, the next ones at doubling distance with jitter. */
export class RestartBackoff {
  readonly #options: BackoffOptions;
  #crashes = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Milliseconds until the fork of a replacement for a worker that was ready for `livedMs` (0: never). */
  nextDelayMs(livedMs: number): number {
    const { minMs, maxMs, healthyAfterMs } = this.#options.limits();
    if (livedMs >= healthyAfterMs) this.#crashes = 0;
    this.#crashes += 1;
    if (this.#crashes === 1) return 0;
    return this.#jitter(Math.min(maxMs, minMs * 2 ** Math.min(this.#crashes - 2, 30)));
  }

  // Between half and all of it, so that slots that crashed together do not come back together.
  #jitter(delayMs: number): number {
    return Math.round(delayMs * (0.5 + this.#options.random() / 2));
  }
}
