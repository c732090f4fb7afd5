/**
 * Owns the list of what is running now. An array whose members know their place: the table of a `Set` is replaced every few
 * dozen deletions, and the old tables, linked to their successors, keep ended exchanges from being collected (measured: a
 * third of all that was allocated outlived its collection).
 */

export interface Placed {
  /** Its place in the list; the list's to write. */
  place: number;
}

export class RunningExchanges<T extends Placed> implements Iterable<T> {
  private readonly members: T[] = [];

  get size(): number {
    return this.members.length;
  }

  add(member: T): void {
    member.place = this.members.length;
    this.members.push(member);
  }

  /** The member must be in the list. */
  delete(member: T): void {
    const last = this.members.pop();
    if (last === undefined || last === member) return;
    this.members[member.place] = last;
    last.place = member.place;
  }

  /** A copy, so that members may leave while they are visited. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.members].values();
  }
}
