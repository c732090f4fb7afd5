import type { Socket } from 'node:net';
import type { Timer, Timers } from '../../contracts/timers.js';

/**
 * Owns the question whether a socket that nobody reads from has been reset. The kernel tells of a reset only to whoever reads
 * or writes, and a blocked upload does neither; reading on would need a buffer without a bound.
 */

const INTERVAL_MS = 400;

interface PeerNameHandle {
  getpeername(into: object): number;
}

/**
 * A connection that was reset has no peer any more: getpeername(2) says ENOTCONN. Node keeps the first answer of
 * `remoteAddress`, so the handle itself is asked; where a later Node has none, the read and write deadlines remain.
 */
function hasNoPeer(socket: Socket): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  return isPeerNameHandle(handle) && handle.getpeername({}) !== 0;
}

function isPeerNameHandle(handle: unknown): handle is PeerNameHandle {
  return typeof handle === 'object' && handle !== null && 'getpeername' in handle;
}

/** Asks every 400 ms between `watch` and `rest`; one system call each time. A reset socket ends as if a read had told of it. */
export class ResetProbe {
  private readonly timer: Timer;

  constructor(socket: Socket, timers: Timers) {
    this.timer = timers.create(() => {
      if (hasNoPeer(socket))
        socket.destroy(Object.assign(new Error('reset by peer'), { code: 'ECONNRESET' }));
      else this.watch();
    });
  }

  watch(): void {
    this.timer.arm(INTERVAL_MS);
  }

  rest(): void {
    this.timer.disarm();
  }
}
