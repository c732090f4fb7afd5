import { SHARED_READ_BUFFER, giveReadBuffer, takeReadBuffer } from '../read-buffers.js';
import type { IncomingBody } from './incoming-body.js';

/**
 * Owns the way of a streamed body's bytes from the buffers they are read into to the stream of the body. TLS sockets deliver
 * record by record, up to 16 KiB each: records of one turn of the event loop are gathered in one buffer and travel as one.
 */

/** The most a TLS record carries (RFC 8446 section 5.1). With less room than that a buffer is full. */
const RECORD_BYTES = 16 * 1024;

export class BodyIntake {
  /** What the next read goes into. */
  buffer: Buffer = SHARED_READ_BUFFER;
  private readonly gathers: boolean;
  private stream: IncomingBody | undefined = undefined;
  /** The lent buffer; `[start, end)` of it is gathered. */
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

  /** Decoded bytes as they stand in what was read. `reused`: in a buffer of this intake, or the shared one; else to be kept. */
  take(data: Buffer, reused: boolean): void {
    if (this.stream === undefined || data.length === 0) return;
    if (reused && this.block !== SHARED_READ_BUFFER && this.gathers) this.gather(data);
    else this.stream.feed(reused ? this.kept(data) : data);
  }

  /** The last byte is here. Returns the stream, which has not been told of its end yet. */
  finish(): IncomingBody | undefined {
    this.flush();
    return this.drop();
  }

  /** Nobody reads the body any more: what still comes of it is ignored. */
  drop(): IncomingBody | undefined {
    const { stream } = this;
    this.stream = undefined;
    this.rest();
    giveReadBuffer(this.block);
    this.block = SHARED_READ_BUFFER;
    this.buffer = SHARED_READ_BUFFER;
    return stream;
  }

  /** Data that outlives this read: copied out of the shared buffer once, then every read has a buffer of its own. */
  private kept(data: Buffer): Buffer {
    const isShared = this.block === SHARED_READ_BUFFER;
    this.lend();
    return isShared ? Buffer.from(data) : data;
  }

  private lend(): void {
    this.block = takeReadBuffer();
    this.buffer = this.block;
  }

  private gather(data: Buffer): void {
    const at = data.byteOffset - this.block.byteOffset;
    if (this.end === 0) this.start = this.end = at;
    // Framing between the records' data is closed up.
    if (at !== this.end) this.block.copyWithin(this.end, at, at + data.length);
    this.end += data.length;
    if (this.block.length - this.end < RECORD_BYTES) {
      this.flush();
      return;
    }
    this.buffer = this.block.subarray(this.end);
    this.flushing ??= setImmediate(() => {
      this.flush();
    });
  }

  private flush(): void {
    const { stream, block, start, end } = this;
    this.rest();
    if (start === end || stream === undefined) return;
    this.lend();
    stream.feed(block.subarray(start, end));
  }

  private rest(): void {
    clearImmediate(this.flushing);
    this.flushing = undefined;
    this.start = 0;
    this.end = 0;
  }
}
