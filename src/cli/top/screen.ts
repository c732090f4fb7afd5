/** Owns the terminal while `torus top` runs: another screen, keys one by one, and everything as it was at the end. */
import type { ReadStream, WriteStream } from 'node:tty';

export interface ScreenEvents {
  onKey(key: string): void;
  onResize(): void;
  /** The terminal is gone, or a signal asks for the end. */
  onEnd(exitCode: number): void;
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const TO_LINE_END = '\u001b[K';
const TO_SCREEN_END = '\u001b[J';

/** As shells report an end by a signal. */
const SIGNALS: readonly (readonly [name: NodeJS.Signals, exitCode: number])[] = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
];

export class Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #undo: (() => void)[] = [];
  #isOpen = false;

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  open(events: ScreenEvents): void {
    this.#isOpen = true;
    // Whatever ends the process, an uncaught error too.
    this.#on(process, 'exit', () => this.close());
    for (const [name, exitCode] of SIGNALS) this.#on(process, name, () => events.onEnd(exitCode));
    this.#on(this.#output, 'error', () => events.onEnd(1));
    this.#on(this.#output, 'resize', () => events.onResize());
    if (this.#input.isTTY) this.#readKeys(events);
    this.#output.write(ENTER);
  }

  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#output.write(`${HOME}${lines.map((text) => `${text}${TO_LINE_END}`).join('\r\n')}${TO_SCREEN_END}`);
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#output.write(LEAVE);
    for (const undo of this.#undo.splice(0)) undo();
  }

  #readKeys(events: ScreenEvents): void {
    this.#input.setRawMode(true);
    this.#input.setEncoding('utf8');
    this.#on(this.#input, 'data', (keys) => events.onKey(keys));
    this.#on(this.#input, 'end', () => events.onEnd(0));
    this.#on(this.#input, 'error', () => events.onEnd(1));
    this.#undo.push(() => {
      this.#input.setRawMode(false);
      this.#input.pause();
    });
  }

  #on(
    emitter: Pick<NodeJS.EventEmitter, 'on' | 'removeListener'>,
    name: string,
    listener: (value: string) => void,
  ): void {
    emitter.on(name, listener);
    this.#undo.push(() => void emitter.removeListener(name, listener));
  }
}
