/** Owns the step from the monotonic clock of the data plane to the time of day, finer than the system tells it. */

/** A difference of less is the grain of `Date.now()`; more is a clock that was set. */
const TOLERANCE_MS = 20;

export class WallClock {
  private offsetMs: number;
  private readonly monotonic: () => number;
  private readonly wall: () => number;

  constructor(monotonic: () => number, wall: () => number, originMs: number) {
    this.monotonic = monotonic;
    this.wall = wall;
    this.offsetMs = originMs;
  }

  /** Added to monotonic milliseconds it makes milliseconds since the epoch. */
  get epochMs(): number {
    return this.offsetMs;
  }

  /** Follows a system clock that was set, or has drifted away. Cheap, and meant for now and then. */
  adjust(): void {
    const exactMs = this.wall() - this.monotonic();
    if (Math.abs(exactMs - this.offsetMs) > TOLERANCE_MS) this.offsetMs = exactMs;
  }
}
