import { CR, LF } from '../../../http/characters.js';

/**
 * Owns the gathering of one head from the pieces it arrives in. In the common case, a whole head in one read, it copies
 * nothing; else it keeps at most `maxBytes`.
 */

const HEAD_END = Buffer.from('\r\n\r\n');

export type HeadProgress = 'complete' | 'partial' | 'too-large' | 'line-too-long' | 'bare-lf';

export interface HeadReaderLimits {
  readonly lineBytes: number;
  readonly headBytes: number;
}

/** What was read: `bytes[start, end)`. */
export interface Piece {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** The buffer will be overwritten after the call, so what is kept must be copied. */
  readonly reused: boolean;
}

export class HeadReader {
  /** The bytes the head stands in, after `read` said `complete`. */
  bytes: Buffer = EMPTY;
  start = 0;
  /** Just past the empty line. */
  end = 0;
  /** Just past what was read; from `end` to here stands what follows the head. */
  bytesEnd = 0;

  private readonly limits: HeadReaderLimits;
  private held: Buffer | undefined = undefined;
  private scanned = 0;

  constructor(limits: HeadReaderLimits) {
    this.limits = limits;
  }

  /** Bytes of an unfinished head are held. */
  get isPartial(): boolean {
    return this.held !== undefined;
  }

  /** All that is held is a CR: the first half of a line end, if LF follows. */
  get isLoneCr(): boolean {
    return this.held?.length === 1 && this.held[0] === CR;
  }

  read(piece: Piece): HeadProgress {
    if (this.held !== undefined) return this.readOn(this.held, piece);
    const { bytes, start, end } = piece;
    // What stands past `end` in a reused buffer is left over from another read.
    const found = bytes.indexOf(HEAD_END, start) + 4;
    if (found > 3 && found <= end) return this.complete(bytes, { start, end: found, bytesEnd: end });
    const fresh = bytes.subarray(start, end);
    return this.hold(fresh, piece.reused);
  }

  reset(): void {
    this.held = undefined;
    this.scanned = 0;
    this.bytes = EMPTY;
  }

  private readOn(held: Buffer, { bytes, start, end }: Piece): HeadProgress {
    const joined = Buffer.concat([held, bytes.subarray(start, end)]);
    const found = joined.indexOf(HEAD_END, Math.max(0, this.scanned - 3));
    if (found < 0) return this.hold(joined, false);
    return this.complete(joined, { start: 0, end: found + 4, bytesEnd: joined.length });
  }

  private complete(
    bytes: Buffer,
    { start, end, bytesEnd }: { readonly start: number; readonly end: number; readonly bytesEnd: number },
  ): HeadProgress {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.bytesEnd = bytesEnd;
    this.held = undefined;
    this.scanned = 0;
    if (end - start <= this.limits.headBytes) return 'complete';
    return this.isLineTooLong(bytes.subarray(start, end)) ? 'line-too-long' : 'too-large';
  }

  private hold(head: Buffer, mustCopy: boolean): HeadProgress {
    const progress = this.judgePartial(head);
    if (progress !== 'partial') return progress;
    this.held = mustCopy ? Buffer.from(head) : head;
    this.scanned = head.length;
    return 'partial';
  }

  /** Says early what can only end badly, so that a hostile head is answered at once and never held in full. */
  private judgePartial(head: Buffer): HeadProgress {
    for (let at = head.indexOf(LF, this.scanned); at >= 0; at = head.indexOf(LF, at + 1)) {
      if (at === 0 || head[at - 1] !== CR) return 'bare-lf';
    }
    if (this.isLineTooLong(head)) return 'line-too-long';
    return head.length >= this.limits.headBytes ? 'too-large' : 'partial';
  }

  /** The first line, without its CR LF, is beyond its limit; also when its end is still to come. */
  private isLineTooLong(head: Buffer): boolean {
    if (head.length <= this.limits.lineBytes + 1) return false;
    const lineEnd = head.indexOf(LF);
    return lineEnd < 0 || lineEnd - 1 > this.limits.lineBytes;
  }
}

const EMPTY = Buffer.alloc(0);
