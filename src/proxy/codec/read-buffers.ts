/**
 * Owns the buffers that sockets read into. A whole message is read into one buffer that all of them share and
 * is copied on its way out. A streamed body gets buffers of its own, which travel on uncopied and come back when the kernel
 * has taken them: no allocation and no garbage per read.
 */

/** Takes what a socket reads into such buffers. */
export interface SocketReader {
  /** What the next read goes into. Asked after each read. */
  nextBuffer(): Buffer;
  /** `bytes[0, length)` were read. `reused`: the buffer may be overwritten by the next read; else it is the reader's to keep. */
  onRead(bytes: Buffer, length: number, reused: boolean): void;
}

const READ_BYTES = 64 * 1024;
/** Free buffers that are kept. Beyond it they are left to the garbage collector. */
const MAX_FREE = 64;

/** Overwritten by the next read of any socket: what is kept of it must be copied. */
export const SHARED_READ_BUFFER = Buffer.allocUnsafeSlow(READ_BYTES);

const free: Buffer[] = [];
/** Which memory is out. Weak: a piece that is dropped with its stream is collected like any other. */
const lent = new WeakSet<ArrayBufferLike>();

export function takeReadBuffer(): Buffer {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
  lent.add(buffer.buffer);
  return buffer;
}

/** Nobody reads `piece` any more. Does nothing unless it is (part of) a buffer that was taken here and not yet given back. */
export function giveReadBuffer(piece: Buffer): void {
  if (!lent.delete(piece.buffer) || free.length >= MAX_FREE) return;
  free.push(Buffer.from(piece.buffer));
}
