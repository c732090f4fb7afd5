/** Owns what access log lines are handed to, and the two on standard output: bounded and lossy for machines, at once for people. */
import type { LogOutput } from '../../contracts/log-output.js';
import { prettyStream } from '../pretty-stream.js';
import { LineWriter } from './line-writer.js';

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

const STDOUT = 1;
const nothing = (): void => undefined;

/**
 * Lines to stdout in batches. When the reader of stdout is slower than that, lines are dropped and counted; of anything else that is
 * wrong with it the operational log could not tell, for it goes there too.
 */
export const bufferedStdout = (output: LogOutput): LineSink =>
  new LineWriter({
    output: { ...output, close: nothing },
    fd: STDOUT,
    onFailed: nothing,
    onWritten: nothing,
  });

/** Lines to stdout in the human-readable form, each at once. For development. */
export const prettyStdout = (): LineSink => {
  const stream = prettyStream();
  return {
    write: (line) => stream.write(line),
    flush: () => Promise.resolve(),
    close: nothing,
    dropped: 0,
  };
};
