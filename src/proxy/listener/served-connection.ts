/** A client connection as its listener drives it, whatever it speaks. */
export interface ServedConnection {
  /** It has asked for nothing yet. */
  readonly isNew: boolean;
  /** Milliseconds since it carried anything; below 0 while it does, and once it closes. */
  readonly idleMs: number;
  /** The gateway drains: no further requests, as far as the protocol can say so. */
  announceDrain(): void;
  /** Closes it now when it carries nothing; what runs on it closes it when it ends. */
  closeIfIdle(reason: string): void;
  destroy(reason: string): void;
  /** Resolves when nothing of a closing connection waits to be sent. At once unless it closes. */
  whenFlushed(): Promise<void>;
}
