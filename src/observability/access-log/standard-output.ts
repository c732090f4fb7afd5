/** Owns access log lines on standard output: bounded and lossy for machines, at once for people. */
import type { LogOutput } from '../../contracts/log-output.js';
import { prettyStream } from '../pretty-stream.js';
import type { LineSink } from './line-sink.js';
import { LineWriter } from './line-writer.js';

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
