/** Owns what access log lines are handed to. */
export interface LineSink {
  /** Takes one line with its newline. Never blocks and never throws. */
  write(line: string): void;
  /** Resolves when what was taken before is written, or after a short while when that does not succeed. */
  flush(): Promise<void>;
  /** Writes what is held before it returns, and takes no more. */
  close(): void;
  /** Lines that are lost for good. */
  readonly dropped: number;
}
