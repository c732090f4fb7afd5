/** Owns where commands write for people: plain lines on stdout and stderr. */
import { harmlessLines } from '../http/shown-text.js';

export interface Output {
  line(text: string): void;
  problem(text: string): void;
}

type Failure = NodeJS.ErrnoException;

/** A stream of this process, and what became of what was written to it. */
class Lines {
  readonly #stream: NodeJS.WriteStream;
  #failure: Failure | undefined;
  #written: Promise<void> | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  readonly write = (text: string): void => {
    // A daemon that writes no lines keeps its streams as they are.
    if (this.#written === undefined) this.#stream.on('error', this.#fail);
    // After an error a stream calls nobody back.
    if (this.#failure !== undefined) return;
    this.#written = new Promise((resolve) => {
      // What an instance says may hold what a stranger sent it.
      this.#stream.write(`${harmlessLines(text)}\n`, (error) => {
        if (error != null) this.#fail(error);
        resolve();
      });
    });
  };

  /** Undefined when all was written, or nobody wants to read any more, as with `| head -1`. */
  async failure(): Promise<Failure | undefined> {
    await this.#written;
    return this.#failure?.code === 'EPIPE' ? undefined : this.#failure;
  }

  readonly #fail = (error: Failure): void => {
    this.#failure ??= error;
  };
}

const [lines, problems] = [new Lines(process.stdout), new Lines(process.stderr)];

export const terminal: Output = { line: lines.write, problem: problems.write };

/** Why not every line for people could be written, once all were tried. What stderr cannot take is nowhere to be said. */
export const outputFailure = (): Promise<Failure | undefined> => lines.failure();
