import { Readable } from 'node:stream';
import type { BodyStream } from '../../../contracts/message.js';
import type { Fields } from '../../../contracts/fields.js';

/** What feeds an IncomingBody: a connection that can be told to stop and go on. */
export interface BodySource {
  pauseBody(): void;
  resumeBody(): void;
  /** The reader gave up before the end. */
  abandonBody(): void;
  /** Bytes that have arrived and were not handed over, where it keeps any. */
  readonly waitingBytes?: number;
}

/**
 * The body of a long message as a stream, fed by its connection. At most one read waits here: the source is paused whenever
 * the reader has not taken the last piece.
 */
export class IncomingBody extends Readable implements BodyStream {
  trailers: Fields | undefined = undefined;
  private source: BodySource | undefined;

  constructor(source: BodySource) {
    super({ highWaterMark: 1, emitClose: true });
    this.source = source;
  }

  /** What has arrived and was not taken. */
  get waitingBytes(): number {
    return this.readableLength + (this.source?.waitingBytes ?? 0);
  }

  /** Hands over decoded bytes. The buffer must not change afterwards. */
  feed(bytes: Buffer): void {
    if (!this.push(bytes)) this.source?.pauseBody();
  }

  /** The message ended as it should. */
  complete(trailers: Fields | undefined): void {
    this.trailers = trailers;
    this.source = undefined;
    this.push(null);
  }

  /** The message broke off: the reader gets an error, never an end. */
  fail(error: Error): void {
    this.source = undefined;
    this.destroy(error);
  }

  override _read(): void {
    this.source?.resumeBody();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const source = this.source;
    this.source = undefined;
    source?.abandonBody();
    callback(error);
  }
}
