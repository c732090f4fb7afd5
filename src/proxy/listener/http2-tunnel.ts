import { EventEmitter, on } from 'node:events';
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

export interface Http2TunnelEvents {
  /** Bytes that came, or were taken by the client: for the flood guard. */
  onReceived(bytes: number): void;
  onSent(bytes: number): void;
  /** It is Torus that resets the stream. */
  onBrokenOff(): void;
}

/**
 * The client's end of a tunnel in an HTTP/2 stream (RFC 9113 section 8.5, RFC 8441 section 5): DATA both ways under the stream's
 * flow control, END_STREAM as FIN. What breaks, breaks with RST_STREAM.
 */
export class Http2Tunnel extends Duplex {
  /** As a socket has it: what was sent to the client. */
  bytesWritten = 0;
  private readonly stream: ServerHttp2Stream;
  private readonly events: Http2TunnelEvents;

  constructor(stream: ServerHttp2Stream, events: Http2TunnelEvents) {
    super({ allowHalfOpen: true, readableHighWaterMark: 1, writableHighWaterMark: 1, decodeStrings: false });
    this.stream = stream;
    this.events = events;
    stream.on('data', (piece: Buffer) => {
      events.onReceived(piece.length);
      if (!this.push(piece)) stream.pause();
    });
    stream.on('end', () => {
      if (!this.isBroken) this.push(null);
    });
    stream.on('close', () => {
      this.onClose();
    });
    // It may have closed while the upstream was asked.
    if (stream.destroyed || stream.closed) setImmediate(() => this.onClose());
  }

  get waitingBytes(): number {
    return this.readableLength + this.stream.readableLength;
  }

  override _read(): void {
    this.stream.resume();
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.bytesWritten += piece.length;
    this.stream.write(piece, (error) => {
      this.events.onSent(piece.length);
      callback(error);
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    // A stream that closes with its last frame does so before it says that it has finished: then it is no error.
    this.stream.end((error?: Error | null) => {
      callback(this.isBroken ? error : null);
    });
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const isOver = this.readableEnded && this.writableFinished;
    if (!isOver && !this.stream.destroyed) {
      this.events.onBrokenOff();
      this.stream.destroy(CANCELLED);
    }
    callback(error);
  }

  private get isBroken(): boolean {
    const { stream } = this;
    return stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
  }

  private onClose(): void {
    if (this.destroyed || !this.isBroken) return;
    const code = `rst-${String(this.stream.rstCode)}`;
    this.destroy(Object.assign(new Error('the stream was reset'), { code }));
  }
}

/** What resets a stream with CANCEL: Node takes that code for its own AbortError only, which is made where it is documented. */
const CANCELLED = abortError();

function abortError(): Error {
  try {
    on(new EventEmitter(), 'never', { signal: AbortSignal.abort() });
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return new Error('cancelled');
}
