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

export class HeadReader {
  /** The bytes the head stands in, after `read` said `complete`. */
  bytes: Buffer = EMPTY;
  start = 0;
  /** Just past the empty line. */
  end = 0;

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

  /** Takes `piece[start)`. `reused`: the buffer will be overwritten after the call, so what is kept must be copied. */
  read(piece: Buffer, start: number, reused: boolean): HeadProgress {
    const fresh = this.held === undefined;
    const bytes =
      this.held === undefined
        ? piece
        : Buffer.concat([this.held, start === 0 ? piece : piece.subarray(start)]);
    const from = fresh ? start : 0;
    const found = bytes.indexOf(HEAD_END, Math.max(from, from + this.scanned - 3));
    if (found >= 0) return this.complete(bytes, from, found + 4);
    const progress = this.judgePartial(bytes, from);
    if (progress === 'partial') this.hold(bytes, from, fresh && reused);
    return progress;
  }

  reset(): void {
    this.held = undefined;
    this.scanned = 0;
    this.bytes = EMPTY;
  }

  private complete(bytes: Buffer, start: number, end: number): HeadProgress {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.held = undefined;
    this.scanned = 0;
    if (end - start <= this.limits.headBytes) return 'complete';
    return this.isLineTooLong(bytes, start) ? 'line-too-long' : 'too-large';
  }

  private hold(bytes: Buffer, from: number, mustCopy: boolean): void {
    const rest = from === 0 ? bytes : bytes.subarray(from);
    this.held = mustCopy ? Buffer.from(rest) : rest;
    this.scanned = rest.length;
  }

  /** Says early what can only end badly, so that a hostile head is answered at once and never held in full. */
  private judgePartial(bytes: Buffer, from: number): HeadProgress {
    const length = bytes.length - from;
    for (let at = bytes.indexOf(LF, from + this.scanned); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      if (at === from || bytes[at - 1] !== CR) return 'bare-lf';
    }
    if (this.isLineTooLong(bytes, from)) return 'line-too-long';
    return length >= this.limits.headBytes ? 'too-large' : 'partial';
  }

  /** The first line, without its CR LF, is beyond its limit; also when its end is still to come. */
  private isLineTooLong(bytes: Buffer, from: number): boolean {
    if (bytes.length - from <= this.limits.lineBytes + 1) return false;
    const lineEnd = bytes.indexOf(LF, from);
    return lineEnd < 0 || lineEnd - 1 - from > this.limits.lineBytes;
  }
}

const EMPTY = Buffer.alloc(0);
