/** Owns how many client connections all listeners of a worker hold together: what one of them takes, the others cannot. */

/** A listener as its cap sees it. */
export interface CappedListener {
  readonly openConnections: number;
  /** From now on it holds at most this many; those it has stay. */
  limitConnections(maxConnections: number): void;
}

export class ConnectionCap {
  private readonly maxConnections: number;
  private readonly listeners: CappedListener[] = [];

  constructor(maxConnections: number) {
    this.maxConnections = maxConnections;
  }

  join(listener: CappedListener): void {
    this.listeners.push(listener);
    this.update();
  }

  /** To be called whenever a connection was opened or closed. */
  update(): void {
    let free = this.maxConnections;
    for (const listener of this.listeners) free -= listener.openConnections;
    for (const listener of this.listeners) listener.limitConnections(listener.openConnections + free);
  }
}
