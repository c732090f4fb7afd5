import type { Http2Stream } from 'node:http2';
import { Writable } from 'node:stream';
import type { FlowWatch, WatchedSink } from '../../../contracts/flow.js';
import { giveReadBuffer } from '../read-buffers.js';

/** What an Http2OutgoingBody writes for. */
export interface Http2BodyTarget {
  readonly stream: Http2Stream;
  /** A piece waits until the peer takes it. */
  onBodyBlocked(): void;
  /** It was taken. */
  onBodyTaken(bytes: number): void;
  /** The last piece is on its way. */
  onBodyEnded(): void;
  /** Nothing went wrong with the stream, though it may have closed. */
  readonly isClean: boolean;
  /** The writer gave up before the end: the message can no longer be completed. */
  onBodyAborted(): void;
}

/**
 * The body of a long message on its way over HTTP/2: one piece at a time, the next when the kernel has taken it, which the
 * peer's flow control may delay.
 */
export class Http2OutgoingBody extends Writable implements WatchedSink {
  bytes = 0;
  flow: FlowWatch | undefined = undefined;
  private readonly target: Http2BodyTarget;
  /** The message has no body, whatever its source sends. */
  private readonly discarding: boolean;
  private ended = false;

  constructor(target: Http2BodyTarget, discarding: boolean) {
    super({ highWaterMark: 1, decodeStrings: false });
    this.target = target;
    this.discarding = discarding;
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.discarding) {
      giveReadBuffer(piece);
      callback();
      return;
    }
    this.bytes += piece.length;
    this.target.onBodyBlocked();
    this.flow?.onMoved();
    this.flow?.onBlocked(piece.length);
    this.target.stream.write(piece, (error) => {
      this.target.onBodyTaken(piece.length);
      this.flow?.onTaken();
      if (error === undefined || error === null) {
        giveReadBuffer(piece);
        callback();
        return;
      }
      // The session may still hold the buffer: it is left to the garbage collector. Why the stream closed is told by its owner,
      // who hears of it in this turn.
      setImmediate(() => {
        callback(error);
      });
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.discarding) {
      this.ended = true;
      callback();
      return;
    }
    this.target.onBodyBlocked();
    const { target } = this;
    target.onBodyEnded();
    target.stream.end(() => {
      // A stream that closes with its last frame does so before it says that it has finished.
      this.ended = target.isClean;
      callback(this.ended ? null : new Error('the stream was closed'));
    });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.ended) {
      this.ended = true;
      this.target.onBodyAborted();
    }
    callback(error);
  }
}
