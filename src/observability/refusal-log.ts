/**
 * Owns the lines about connections that a worker refuses for want of room: the first at once, then one in a while for all that
 * came since. A client that is refused learns nothing, so the operator should; a flood must not fill the log.
 */

export interface RefusalLogOptions {
  warn(facts: object, message: string): void;
  /** Runs once, unless the process ends before. */
  after(delayMs: number, run: () => void): void;
}

interface Refusals {
  readonly listener: string;
  readonly reason: string;
  refused: number;
}

const EVERY_MS = 10_000;
/** Each of these has a line of the access log. */
const LOGGED_ELSEWHERE = 'proxy-header';

export class RefusalLog {
  readonly #options: RefusalLogOptions;
  /** By listener and reason, so few. */
  #untold = new Map<string, Refusals>();
  #isResting = false;

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  refused(listener: string, reason: string): void {
    if (reason === LOGGED_ELSEWHERE) return;
    const key = `${listener} ${reason}`;
    const cell = this.#untold.get(key) ?? { listener, reason, refused: 0 };
    cell.refused += 1;
    this.#untold.set(key, cell);
    if (!this.#isResting) this.#tell();
  }

  #tell(): void {
    const told = this.#untold;
    this.#untold = new Map();
    for (const refusals of told.values()) this.#options.warn(refusals, 'Connections refused');
    this.#isResting = told.size > 0;
    if (this.#isResting) this.#options.after(EVERY_MS, () => this.#tell());
  }
}
