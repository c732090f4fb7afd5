/** Owns a log file that is followed by its path: when it was moved, removed or replaced, lines go on in the file that is there then. */
import type { LogOutput } from '../../contracts/log-output.js';
import type { LineSink } from './line-sink.js';
import { LineWriter } from './line-writer.js';
import type { LogTrouble } from './log-trouble.js';

/** A file that was moved away is written on for at most this long. */
const ROTATION_CHECK_MS = 1000;

export class FollowedFile implements LineSink {
  readonly #path: string;
  readonly #output: LogOutput;
  readonly #trouble: LogTrouble;
  readonly #writer: LineWriter;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;
  #closed = false;

  constructor(path: string, output: LogOutput, trouble: LogTrouble) {
    this.#path = path;
    this.#output = output;
    this.#trouble = trouble;
    this.#writer = new LineWriter({
      output,
      onFailed: (error) => trouble.met('write', error, this.dropped),
      onWritten: () => trouble.over('write', this.dropped),
    });
    this.#timer = setInterval(() => this.#look(), ROTATION_CHECK_MS);
    this.#timer.unref();
    this.#look();
  }

  get dropped(): number {
    return this.#writer.dropped;
  }

  write(line: string): void {
    this.#writer.write(line);
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    const before = this.dropped;
    this.#writer.close();
    if (this.dropped > before) this.#trouble.gaveUp(this.dropped - before);
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#openWhatIsThere()
      .then(
        () => this.#trouble.over('open', this.dropped),
        (error: unknown) => this.#trouble.met('open', error as Error, this.dropped),
      )
      .finally(() => (this.#isLooking = false));
  }

  async #openWhatIsThere(): Promise<void> {
    const { fd } = this.#writer;
    if (fd !== undefined && (await this.#output.isSameFile(this.#path, fd))) return;
    const opened = await this.#output.open(this.#path);
    if (this.#closed) this.#output.close(opened);
    else this.#writer.switchTo(opened);
  }
}
