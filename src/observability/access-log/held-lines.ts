/** Owns the lines that wait to be written: bounded, and gathered into pieces that go out in one write each. */

// One write to a pipe is atomic up to 4096 bytes (PIPE_BUF), one that appends to a file always: lines of several workers never mix.
const MAX_PIECE_BYTES = 4096;
export const MAX_HELD_BYTES = 8 * 1024 * 1024;

interface Piece {
  text: string;
  bytes: number;
  lines: number;
}

export class HeldLines {
  readonly #pieces: Piece[] = [];
  #bytes = 0;
  #lines = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get lines(): number {
    return this.#lines;
  }

  /** False when there is no place for it. */
  add(line: string): boolean {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > MAX_HELD_BYTES) return false;
    this.#bytes += bytes;
    this.#lines += 1;
    const last = this.#pieces.at(-1);
    if (last === undefined || last.bytes + bytes > MAX_PIECE_BYTES) {
      this.#pieces.push({ text: line, bytes, lines: 1 });
      return true;
    }
    last.text += line;
    last.bytes += bytes;
    last.lines += 1;
    return true;
  }

  /** The oldest whole lines, as many as one write takes. */
  take(): Uint8Array | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    this.#bytes -= piece.bytes;
    this.#lines -= piece.lines;
    return Buffer.from(piece.text);
  }
}

const LINE_FEED = 10;

/** How many lines end in these bytes. */
export const linesIn = (bytes: Uint8Array | undefined): number => {
  let count = 0;
  for (const byte of bytes ?? []) if (byte === LINE_FEED) count += 1;
  return count;
};
