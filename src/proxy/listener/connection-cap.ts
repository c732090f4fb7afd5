/** Owns how many client connections all listeners of a worker hold together: what one of them takes, the others cannot. */

import type { Overload } from '../../contracts/overload.js';

/** A listener as its cap sees it. */
export interface CappedListener {
  readonly openConnections: number;
  /** From now on it holds at most this many; those it has stay. */
  limitConnections(maxConnections: number): void;
}

export class ConnectionCap {
  private readonly maxConnections: number;
  private readonly overload: Pick<Overload, 'freeDescriptors'>;
  private readonly listeners: CappedListener[] = [];
  /** What the next connection beyond would be refused for. */
  reason: 'cap' | 'overload' = 'cap';

  constructor(maxConnections: number, overload: Pick<Overload, 'freeDescriptors'>) {
    this.maxConnections = maxConnections;
    this.overload = overload;
  }

  join(listener: CappedListener): void {
    this.listeners.push(listener);
    this.update();
  }

  /** To be called whenever a connection was opened or closed, and when descriptors become scarce. */
  update(): void {
    let free = this.maxConnections;
    for (const listener of this.listeners) free -= listener.openConnections;
    const { freeDescriptors } = this.overload;
    this.reason = freeDescriptors < free ? 'overload' : 'cap';
    free = Math.min(free, freeDescriptors);
    for (const listener of this.listeners) listener.limitConnections(listener.openConnections + free);
  }
}
