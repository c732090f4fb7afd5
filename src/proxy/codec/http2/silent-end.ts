import type { Socket } from 'node:net';

/**
 * Owns the question whether nghttp2 has ended a connection without a word. When the peer breaks the protocol it sends GOAWAY
 * and reads no more, and Node tells of some of these faults only: streams stay as they are, and the peer's FIN is never read.
 */

interface ReadHandle {
  /** 0 when nobody was reading; an error code when somebody was. */
  readStart(): number;
  readonly writeQueueSize?: number;
}

export class SilentEnd {
  private readonly socket: Socket;
  private bytesRead = -1;
  private bytesWritten = -1;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /**
   * True when it has ended. To be asked in intervals: Node stops reading while it writes as well, and only when nothing has gone
   * either way since the last time is that ruled out. Reading goes on, so that the end of the socket is heard in any case.
   */
  check(): boolean {
    const { bytesRead, bytesWritten } = this.socket;
    const isQuiet = bytesRead === this.bytesRead && bytesWritten === this.bytesWritten;
    this.bytesRead = bytesRead;
    this.bytesWritten = bytesWritten;
    return isQuiet && hasStoppedReading(this.socket);
  }
}

/**
 * Nobody reads, and not because the peer takes nothing. Where a later Node has no such handle, time limits remain. Says so once:
 * after it, the socket is read.
 */
export function hasStoppedReading(socket: Socket): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (!isReadHandle(handle) || (handle.writeQueueSize ?? 0) > 0) return false;
  return handle.readStart() === 0;
}

function isReadHandle(handle: unknown): handle is ReadHandle {
  return typeof handle === 'object' && handle !== null && 'readStart' in handle;
}
