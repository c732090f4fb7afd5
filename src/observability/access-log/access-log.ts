/** Owns the access log: one line for each request that ended, or for a sample of those that ended well. */
import type { Exchange } from '../../contracts/exchange.js';
import type { RejectedRequest } from '../../contracts/telemetry.js';
import type { LineSink } from './line-sink.js';

/** How a line looks. Each ends with its newline; `nowMs` is wall clock, milliseconds since the epoch. */
export interface AccessLogLines {
  completed(exchange: Exchange, nowMs: number): string;
  rejected(request: RejectedRequest, nowMs: number): string;
}

export interface AccessLogOptions {
  readonly sink: LineSink;
  readonly lines: AccessLogLines;
  /** Share of the requests that ended well, 0 to 1. All others have their line. */
  readonly sample: number;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** In [0, 1). */
  random(): number;
}

export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #sink: LineSink;
  readonly #lines: AccessLogLines;
  readonly #sample: number;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#sink = options.sink;
    this.#lines = options.lines;
    this.#sample = options.sample;
  }

  /** Lines lost for good: the reader was too slow, or the file could not be written for too long. */
  get dropped(): number {
    return this.#sink.dropped;
  }

  completed(exchange: Exchange): void {
    if (this.#sample < 1 && endedWell(exchange) && this.#options.random() >= this.#sample) return;
    this.#sink.write(this.#lines.completed(exchange, this.#options.now()));
  }

  rejected(request: RejectedRequest): void {
    this.#sink.write(this.#lines.rejected(request, this.#options.now()));
  }

  /** Resolves when the lines so far are written, or after a short while. */
  flush(): Promise<void> {
    return this.#sink.flush();
  }

  /** Writes what is still held before it returns. Call it last. */
  close(): void {
    this.#sink.close();
  }
}

const endedWell = ({ cause, status }: Exchange): boolean => cause === 'ok' && status < 500;
