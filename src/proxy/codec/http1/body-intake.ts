import { SHARED_READ_BUFFER, giveReadBuffer, holdReadBuffer, takeReadBuffer } from '../read-buffers.js';
import type { IncomingBody } from './incoming-body.js';

/**
 * Owns the way of a streamed body's bytes from the buffers they are read into to the stream of the body. TLS sockets deliver
 * record by record, up to 16 KiB each: records of one turn of the event loop are gathered in one buffer and travel as one.
 */

/** The most a TLS record carries (RFC 8446 section 5.1). With less room than that a buffer is full. */
const RECORD_BYTES = 16 * 1024;

export class BodyIntake {
  /** What the next read goes into. Changes within `take` and `finish` only: a socket asks once a read, when it is done. */
  buffer: Buffer = SHARED_READ_BUFFER;
  private readonly gathers: boolean;
  private stream: IncomingBody | undefined = undefined;
  /** The lent buffer. `[start, end)` of it is gathered and not handed on; reads go behind `end`. */
  private block: Buffer = SHARED_READ_BUFFER;
  private start = 0;
  private end = 0;
  private flushing: NodeJS.Immediate | undefined = undefined;

  constructor(isTls: boolean) {
    this.gathers = isTls;
  }

  begin(stream: IncomingBody): void {
    this.stream = stream;
  }

  /**
   * Decoded bytes as they stand in what was read. `reused`: in `buffer`; else to be kept. Called while the read is handled,
   * as `finish` is.
   */
  take(data: Buffer, reused: boolean): void {
    if (this.stream === undefined || data.length === 0) return;
    if (!reused) this.stream.feed(data);
    else if (this.block === SHARED_READ_BUFFER) this.copy(this.stream, data);
    else if (this.gathers) this.gather(this.stream, data);
    else this.handOn(this.stream, data);
  }

  /** The last byte is here. Returns the stream, which has not been told of its end yet. */
  finish(): IncomingBody | undefined {
    const { stream, block, start, end } = this;
    this.drop();
    if (end > start) stream?.feed(block.subarray(start, end));
    else giveReadBuffer(block);
    return stream;
  }

  /**
   * Nobody reads the body any more: what still comes of it is ignored. The socket may read into the buffer once more, so it is
   * not given back but left to the garbage collector.
   */
  drop(): IncomingBody | undefined {
    const { stream } = this;
    clearImmediate(this.flushing);
    this.flushing = undefined;
    this.stream = undefined;
    this.block = SHARED_READ_BUFFER;
    this.buffer = SHARED_READ_BUFFER;
    this.start = 0;
    this.end = 0;
    return stream;
  }

  /** The first bytes, which came with the head. From now on every read has a buffer of its own. */
  private copy(stream: IncomingBody, data: Buffer): void {
    this.lend();
    stream.feed(Buffer.from(data));
  }

  /** With what stands in the block its hold travels as well. */
  private handOn(stream: IncomingBody, piece: Buffer): void {
    this.lend();
    stream.feed(piece);
  }

  private lend(): void {
    this.block = takeReadBuffer();
    this.buffer = this.block;
    this.start = 0;
    this.end = 0;
  }

  private gather(stream: IncomingBody, data: Buffer): void {
    const { block } = this;
    const at = data.byteOffset - block.byteOffset;
    if (this.start === this.end) this.start = this.end = at;
    // Framing between the records' data is closed up.
    if (at !== this.end) block.copyWithin(this.end, at, at + data.length);
    this.end += data.length;
    if (block.length - this.end < RECORD_BYTES) {
      clearImmediate(this.flushing);
      this.flushing = undefined;
      this.handOn(stream, block.subarray(this.start, this.end));
      return;
    }
    this.buffer = block.subarray(this.end);
    this.flushing ??= setImmediate(() => {
      this.flush();
    });
  }

  /** The turn is over. The socket reads on in the same block, behind what travels. */
  private flush(): void {
    const { stream, block, start, end } = this;
    this.flushing = undefined;
    if (stream === undefined || start === end) return;
    holdReadBuffer(block);
    this.start = end;
    stream.feed(block.subarray(start, end));
  }
}
