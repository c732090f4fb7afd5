/**
 * Owns the buffers that sockets read into. A whole message is read into one buffer that all of them share and is copied on its
 * way out, into a lent one where it is not small. A streamed body gets buffers of its own, which travel on uncopied and come
 * back when the kernel has taken them: no allocation and no garbage per read.
 */

/** Takes what a socket reads into such buffers. */
export interface SocketReader {
  /** What the next read goes into. Asked once a read, when it is done: what changes in between holds for the read after next. */
  nextBuffer(): Buffer;
  /** `bytes[0, length)` were read. `reused`: the buffer may be overwritten by the next read; else it is the reader's to keep. */
  onRead(bytes: Buffer, length: number, reused: boolean): void;
}

/** Of each buffer that is lent. */
export const LENT_BYTES = 64 * 1024;
/** Free buffers that are kept. Beyond it they are left to the garbage collector. */
const MAX_FREE = 64;

/** Overwritten by the next read of any socket: what is kept of it must be copied. */
export const SHARED_READ_BUFFER = Buffer.allocUnsafeSlow(LENT_BYTES);

const free: Buffer[] = [];
/** How many hold each buffer that is out. Weak: one that is dropped with its stream is collected like any other. */
const holds = new WeakMap<ArrayBufferLike, number>();

/** A buffer with one hold on it. */
export function takeReadBuffer(): Buffer {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(LENT_BYTES);
  holds.set(buffer.buffer, 1);
  return buffer;
}

/** One more holds (a part of) the buffer. */
export function holdReadBuffer(buffer: Buffer): void {
  const held = holds.get(buffer.buffer);
  if (held !== undefined) holds.set(buffer.buffer, held + 1);
}

/**
 * Ends one hold; with the last one the buffer may be read into for anybody. `piece` is (a part of) it; does nothing for other
 * memory. A buffer that a socket may still read into must be dropped instead.
 */
export function giveReadBuffer(piece: Buffer): void {
  const held = holds.get(piece.buffer);
  if (held === undefined) return;
  if (held > 1) {
    holds.set(piece.buffer, held - 1);
    return;
  }
  holds.delete(piece.buffer);
  if (free.length < MAX_FREE) free.push(Buffer.from(piece.buffer));
}
