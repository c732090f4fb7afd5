import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { FlowWatch, WatchedSink } from '../../../contracts/flow.js';
import type { FieldBlock } from '../../../http/field-block.js';
import { giveReadBuffer } from '../read-buffers.js';
import { serialiseTrailers } from './trailers.js';

/** What an OutgoingBody writes for: the connection that owns the socket. */
export interface BodyTarget {
  readonly socket: Socket;
  /** A piece waits for the peer to read (true), or was taken by the kernel (false). */
  onBodyBlocked(blocked: boolean): void;
  /** The last byte was taken by the kernel. */
  onBodySent(): void;
  /** The writer gave up before the end: the message can no longer be completed. */
  onBodyAborted(): void;
}

export interface OutgoingBodyOptions {
  readonly chunked: boolean;
  /** Asked once, at the end of a chunked body. */
  readonly trailers: () => FieldBlock | undefined;
}

const CRLF = Buffer.from('\r\n');

/**
 * The body of a long message on its way out: frames each piece and waits until the kernel has taken it. It never ends the
 * socket, which may serve further exchanges.
 */
export class OutgoingBody extends Writable implements WatchedSink {
  private readonly target: BodyTarget;
  private readonly options: OutgoingBodyOptions;
  private ended = false;
  bytes = 0;
  flow: FlowWatch | undefined = undefined;

  constructor(target: BodyTarget, options: OutgoingBodyOptions) {
    super({ highWaterMark: 1, decodeStrings: false });
    this.target = target;
    this.options = options;
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const { socket } = this.target;
    this.bytes += piece.length;
    const taken = (error?: Error | null): void => {
      giveReadBuffer(piece);
      this.onBlocked(0);
      callback(error);
    };
    if (this.options.chunked) writeChunk(socket, piece, taken);
    else socket.write(piece, taken);
    this.flow?.onMoved();
    if (socket.writableLength > 0) this.onBlocked(piece.length);
  }

  override _final(callback: (error?: Error | null) => void): void {
    const done = (error?: Error | null): void => {
      this.onBlocked(0);
      if (error === undefined || error === null) {
        this.ended = true;
        this.target.onBodySent();
      }
      callback(error);
    };
    if (!this.options.chunked) {
      done();
      return;
    }
    this.target.socket.write(`0\r\n${serialiseTrailers(this.options.trailers())}\r\n`, 'latin1', done);
    if (this.target.socket.writableLength > 0) this.onBlocked(1);
  }

  /** So many bytes wait for the peer; with 0 none do any more. */
  private onBlocked(bytes: number): void {
    this.target.onBodyBlocked(bytes > 0);
    if (bytes > 0) this.flow?.onBlocked(bytes);
    else this.flow?.onTaken();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.ended) {
      this.ended = true;
      this.target.onBodyAborted();
    }
    callback(error);
  }
}

function writeChunk(socket: Socket, piece: Buffer, taken: (error?: Error | null) => void): void {
  socket.cork();
  socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
  socket.write(piece);
  socket.write(CRLF, taken);
  socket.uncork();
}
