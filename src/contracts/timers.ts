/** A deadline that can be armed again and again. Owned by one object; costs no allocation to arm. */
export interface Timer {
  /** (Re)starts the countdown. Fires at most once per arming, up to one tick late. `delayMs` <= 0 disarms. */
  arm(delayMs: number): void;
  disarm(): void;
  /** Milliseconds until it fires, to the tick; 0 when it is not armed. */
  readonly remainingMs: number;
}

/** One coarse clock a worker instead of one timer a request. */
export interface Timers {
  /** Monotonic milliseconds. */
  now(): number;
  /** The same, read at the last tick: costs nothing, and may be as late as the event loop is. */
  coarseNow(): number;
  create(onTimeout: () => void): Timer;
}
