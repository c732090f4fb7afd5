/** Owns how held lines go out: in batches, one write at a time, again after one that failed; lossy before it blocks. */
import type { LogOutput } from '../../contracts/log-output.js';
import { HeldLines, linesIn } from './held-lines.js';
import type { LineSink } from './line-sink.js';

export interface LineWriterOptions {
  readonly output: LogOutput;
  /** Undefined until something is open. */
  readonly fd?: number;
  onFailed(error: Error): void;
  onWritten(): void;
}

const FLUSH_INTERVAL_MS = 100;
const FLUSH_AT_BYTES = 3072;
const LAST_FLUSH_TIMEOUT_MS = 500;
/** For a reader that is slow when the process ends. */
const PAUSE_MS = 10;
const MAX_PAUSES = LAST_FLUSH_TIMEOUT_MS / PAUSE_MS;

export class LineWriter implements LineSink {
  readonly #options: LineWriterOptions;
  readonly #held = new HeldLines();
  readonly #timer: NodeJS.Timeout;
  readonly #flushed: (() => void)[] = [];
  #fd: number | undefined;
  #nextFd: number | undefined;
  /** What is left of the piece that is being written. */
  #piece: Uint8Array | undefined;
  #isWriting = false;
  /** The last write failed: the timer tries again, and not every line. */
  #failed = false;
  #isFlushing = false;
  /** A flush ran out of time. */
  #gaveUp = false;
  #closed = false;
  #dropped = 0;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#fd = options.fd;
    this.#timer = setInterval(() => this.#flushSoon(), FLUSH_INTERVAL_MS);
    this.#timer.unref();
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Where lines go, or will go when the write that is under way is done. */
  get fd(): number | undefined {
    return this.#nextFd ?? this.#fd;
  }

  write(line: string): void {
    if (this.#closed || !this.#held.add(line)) this.#dropped += 1;
    else if (this.#held.bytes >= FLUSH_AT_BYTES && !this.#failed) this.#writeNext();
  }

  /** From now on lines go there; what was open before is closed. */
  switchTo(fd: number): void {
    this.#nextFd = fd;
    if (this.#isWriting) return;
    this.#switch();
    this.#flushSoon();
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#gaveUp = true;
        resolve();
      }, LAST_FLUSH_TIMEOUT_MS);
      timer.unref();
      this.#flushed.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#flushSoon();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#dropped += this.#writeRest();
    if (!this.#isWriting) this.#release();
  }

  #flushSoon(): void {
    this.#isFlushing = true;
    this.#writeNext();
  }

  #writeNext(): void {
    const fd = this.#fd;
    if (this.#isWriting || fd === undefined || this.#closed) return;
    this.#piece ??= this.#held.take();
    if (this.#piece === undefined) this.#settle();
    else {
      this.#isWriting = true;
      this.#options.output.write(fd, this.#piece, (error, count) => this.#onWritten(error, count));
    }
  }

  #settle(): void {
    this.#isFlushing = false;
    this.#gaveUp = false;
    for (const done of this.#flushed.splice(0)) done();
  }

  #onWritten(error: Error | null, count: number): void {
    this.#isWriting = false;
    this.#account(error, count);
    if (this.#closed) {
      // Nobody tries again.
      this.#dropped += linesIn(this.#piece);
      this.#release();
      return;
    }
    this.#switch();
    const isMore = this.#piece !== undefined || this.#isFlushing || this.#held.bytes >= FLUSH_AT_BYTES;
    if (isMore && !this.#failed) this.#writeNext();
  }

  #account(error: Error | null, count: number): void {
    this.#failed = error !== null || count === 0;
    if (error !== null) {
      if (!isSlowness(error)) this.#options.onFailed(error);
    } else if (count > 0) {
      this.#piece = restOf(this.#piece, count);
      this.#options.onWritten();
    }
  }

  #switch(): void {
    if (this.#nextFd === undefined) return;
    if (this.#fd !== undefined) this.#options.output.close(this.#fd);
    this.#fd = this.#nextFd;
    this.#nextFd = undefined;
    this.#failed = false;
  }

  #release(): void {
    this.#switch();
    if (this.#fd !== undefined) this.#options.output.close(this.#fd);
    this.#fd = undefined;
  }

  /** How many lines could not be written. A piece that is under way is with the system, and is not waited for. */
  #writeRest(): number {
    let piece = this.#isWriting ? undefined : this.#piece;
    // Where one write has waited for its reader in vain, the next would block the process.
    const isHopeless = this.#isWriting && this.#gaveUp;
    while (this.#fd !== undefined && !isHopeless) {
      piece ??= this.#held.take();
      if (piece === undefined) break;
      piece = this.#writeNow(this.#fd, piece);
      if (piece !== undefined) break;
    }
    return this.#held.lines + linesIn(piece);
  }

  /** What is left of it when that fails, or nobody reads for too long. */
  #writeNow(fd: number, piece: Uint8Array): Uint8Array | undefined {
    let rest: Uint8Array | undefined = piece;
    let pauses = this.#gaveUp ? 0 : MAX_PAUSES;
    while (rest !== undefined) {
      try {
        const count = this.#options.output.writeNow(fd, rest);
        if (count === 0) break;
        rest = restOf(rest, count);
      } catch (error) {
        if (!isSlowness(error) || pauses === 0) break;
        pauses -= 1;
        pause();
      }
    }
    return rest;
  }
}

const restOf = (piece: Uint8Array | undefined, count: number): Uint8Array | undefined =>
  piece === undefined || count >= piece.length ? undefined : piece.subarray(count);

/** Whoever reads has not read yet: no trouble of the file's. */
const isSlowness = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EAGAIN';

/** Nothing else is left to be done meanwhile. */
const pause = (): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
