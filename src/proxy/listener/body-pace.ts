/**
 * Owns how slowly one request body may arrive. It has the longest gap as credit; bytes earn credit at the slowest rate, time
 * spends it, and there is never more of it than one gap. So a body whose bytes flow meets nothing but the gap, and one that
 * trickles a byte just in time, again and again, ends: a gap alone would keep its connection for ever.
 */
export class BodyPace {
  private readonly gapMs: number;
  /** 0: any byte is worth a whole gap. */
  private readonly bytesPerSecond: number;
  private creditMs: number;
  private runningSinceMs = -1;

  constructor(gapMs: number, bytesPerSecond: number) {
    this.gapMs = gapMs;
    this.bytesPerSecond = bytesPerSecond;
    this.creditMs = gapMs;
  }

  /** The gap was longer than is left now: what the sender lacks is speed. */
  get isSlow(): boolean {
    return this.creditMs < this.gapMs;
  }

  /** The sender is waited for from now on. Returns for how long. */
  start(nowMs: number): number {
    this.runningSinceMs = nowMs;
    // A pause may begin when nothing is left, but a timer of 0 is none.
    return Math.max(this.creditMs, 1);
  }

  /** Nobody waits for the sender: a blocked reader is not its fault. */
  stop(nowMs: number): void {
    if (this.runningSinceMs < 0) return;
    this.creditMs -= nowMs - this.runningSinceMs;
    this.runningSinceMs = -1;
  }

  /** False when they came too late: the timer is coarse, and bytes in its last moments would put it off for ever. */
  received(bytes: number, nowMs: number): boolean {
    this.stop(nowMs);
    if (this.bytesPerSecond === 0) this.creditMs = this.gapMs;
    else if (this.creditMs <= 0) return false;
    else this.creditMs = Math.min(this.gapMs, this.creditMs + (bytes * 1000) / this.bytesPerSecond);
    return true;
  }
}
