import type { Socket } from 'node:net';
import type { DownstreamCloseReason } from '../../contracts/close-reason.js';
import type { ClientInfo } from '../../contracts/exchange.js';

/** A client connection as its listener drives it, whatever it speaks. */
export interface ServedConnection {
  readonly socket: Socket;
  readonly client: ClientInfo;
  /** Since when it has been served, on the coarse monotonic clock. */
  readonly openedAtMs: number;
  /** What it carries now; a tunnel counts before exchanges beside it. */
  readonly state: 'idle' | 'active' | 'tunnels';
  /** It has asked for nothing yet. */
  readonly isNew: boolean;
  /** Milliseconds since it carried anything; below 0 while it does, and once it closes. */
  readonly idleMs: number;
  /** The gateway drains: no further requests, as far as the protocol can say so. */
  announceDrain(): void;
  /** Closes it now when it carries nothing; what runs on it closes it when it ends. */
  closeIfIdle(reason: DownstreamCloseReason): void;
  destroy(reason: DownstreamCloseReason): void;
  /** Resolves when nothing of a closing connection waits to be sent. At once unless it closes. */
  whenFlushed(): Promise<void>;
}
