/**
 * Owns how many connections the pools of one upstream hold together in this worker. A pool that needs one more gets the place of
 * another's idle connection, or waits; a place that becomes free goes to the pool that has waited longest.
 */
export interface AllowanceMember {
  /** When the first of those that wait began to (monotonic milliseconds); Infinity when nobody waits. */
  readonly waitingSinceMs: number;
  /** Closes a connection that nobody uses, and forgets it without giving its place back. False when there is none. */
  yieldIdle(): boolean;
  /** Opens a connection for the first that waits. False when nobody does. */
  dialForPending(): boolean;
}

export class ConnectionAllowance {
  private readonly max: number;
  private readonly members = new Set<AllowanceMember>();
  private readonly waiting = new Set<AllowanceMember>();
  private open = 0;

  constructor(max: number) {
    this.max = max;
  }

  join(member: AllowanceMember): void {
    this.members.add(member);
  }

  leave(member: AllowanceMember): void {
    this.members.delete(member);
    this.waiting.delete(member);
  }

  /** True when the asker may open one more; it gives the place back when that one is gone. */
  take(asker: AllowanceMember): boolean {
    if (this.open < this.max) {
      this.open += 1;
      return true;
    }
    for (const member of this.members) {
      // Its place passes to the asker.
      if (member !== asker && member.yieldIdle()) return true;
    }
    return false;
  }

  give(): void {
    this.open -= 1;
    const byAge = [...this.waiting].sort((left, right) => left.waitingSinceMs - right.waitingSinceMs);
    for (const member of byAge) {
      if (member.dialForPending()) return;
      if (member.waitingSinceMs === Infinity) this.waiting.delete(member);
    }
  }

  /** The member has exchanges that wait for a place. */
  await(member: AllowanceMember): void {
    this.waiting.add(member);
  }

  /** The place of a connection that has become free belongs to another pool, where somebody has waited for longer. */
  isWantedElsewhere(member: AllowanceMember): boolean {
    if (this.open < this.max) return false;
    for (const other of this.waiting) {
      if (other !== member && other.waitingSinceMs < member.waitingSinceMs) return true;
    }
    return false;
  }
}
