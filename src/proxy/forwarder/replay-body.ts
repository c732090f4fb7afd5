import { Readable } from 'node:stream';
import type { Fields } from '../../contracts/fields.js';
import type { BodyStream } from '../../contracts/message.js';

/**
 * Owns a streamed request body that may have to be sent again: hands it to one attempt after the other, and keeps a copy of what
 * went by until that grows beyond the limit. From then on it only passes through, and can be sent no second time.
 */
export class ReplayBody {
  private readonly source: BodyStream;
  private readonly limitBytes: number;
  private kept: Buffer[] | undefined = [];
  private keptBytes = 0;
  private reader: ReplayReader | undefined = undefined;
  private ended = false;
  /** No attempt follows: the reader's end is the end of the source. */
  private final = false;

  constructor(source: BodyStream, limitBytes: number) {
    this.source = source;
    this.limitBytes = limitBytes;
    source.on('readable', () => {
      this.reader?.more();
    });
    source.on('end', () => {
      this.ended = true;
      this.reader?.more();
    });
    source.on('error', (error) => {
      this.reader?.destroy(error);
    });
  }

  /** All of it that went by is still here. */
  get isWhole(): boolean {
    return this.kept !== undefined;
  }

  /** The body from its beginning, for the next attempt. The one before must have been destroyed. */
  open(): BodyStream {
    const reader = new ReplayReader(this);
    // Its failure is the downstream's or the attempt's, which have told the exchange.
    reader.on('error', () => undefined);
    this.reader = reader;
    return reader;
  }

  /** Nothing will be sent again: forgets the copy, and lets go of the source with its reader. */
  settle(): void {
    this.final = true;
    this.kept = undefined;
    if (this.reader === undefined) this.leave();
  }

  /** The piece at that place: null at the end of the body, undefined when it has not arrived. */
  pieceAt(place: number): Buffer | null | undefined {
    const again = this.kept?.[place];
    if (again !== undefined) return again;
    const piece = this.source.read() as Buffer | null;
    if (piece === null) return this.ended ? null : undefined;
    this.keep(piece);
    return piece;
  }

  get waitingBytes(): number {
    return this.source.waitingBytes ?? this.source.readableLength;
  }

  get trailers(): Fields | undefined {
    return this.source.trailers;
  }

  /** The reader was destroyed, after its end or before. */
  closed(reader: ReplayReader): void {
    if (this.reader !== reader) return;
    this.reader = undefined;
    if (this.final) this.leave();
  }

  private leave(): void {
    if (!this.ended) this.source.destroy();
  }

  /** A copy: the piece itself may be read into again once the kernel has taken it. */
  private keep(piece: Buffer): void {
    if (this.kept === undefined) return;
    this.keptBytes += piece.length;
    if (this.keptBytes > this.limitBytes) this.kept = undefined;
    else this.kept.push(Buffer.from(piece));
  }
}

/** The body as one attempt reads it. */
class ReplayReader extends Readable implements BodyStream {
  trailers: Fields | undefined = undefined;
  private readonly body: ReplayBody;
  private place = 0;
  private wanting = false;

  constructor(body: ReplayBody) {
    super({ highWaterMark: 1 });
    this.body = body;
  }

  get waitingBytes(): number {
    return this.readableLength + this.body.waitingBytes;
  }

  /** Something has arrived. */
  more(): void {
    // What a destroyed reader took would be missing in the next.
    if (!this.wanting || this.destroyed) return;
    const piece = this.body.pieceAt(this.place);
    if (piece === undefined) return;
    this.wanting = false;
    this.place += 1;
    if (piece === null) this.trailers = this.body.trailers;
    this.push(piece);
  }

  override _read(): void {
    this.wanting = true;
    this.more();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    callback(error);
    this.body.closed(this);
  }
}
