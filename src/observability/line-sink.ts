/** Owns where access log lines are held until they are written: bounded, flushed by time, lossy before it blocks. */
import { pino } from 'pino';
import { prettyStream } from './pretty-stream.js';

export interface LineSink {
  /** Takes one line with its newline. Never blocks and never throws. */
  write(line: string): void;
  /** Resolves when what was taken before is written, or after a short while when the reader does not read. */
  flush(): Promise<void>;
  /** Writes what is held before it returns, and takes no more. */
  close(): void;
  readonly dropped: number;
}

const FLUSH_INTERVAL_MS = 100;
const LAST_FLUSH_TIMEOUT_MS = 500;
// One write to a pipe is atomic up to 4096 bytes (PIPE_BUF): lines of several workers never mix.
const MAX_WRITE_BYTES = 4096;
const FLUSH_AT_BYTES = 3072;
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** Lines to stdout in batches. When the reader of stdout is slower than that, lines are dropped and counted. */
export const bufferedStdout = (): LineSink => {
  const destination = pino.destination(STDOUT_OPTIONS);
  let dropped = 0;
  destination.on('drop', () => (dropped += 1));
  // A log that cannot be written must not end the process; the count of dropped lines tells of it.
  destination.on('error', () => (dropped += 1));
  let flushing = false;
  // One flush at a time: each waits with listeners of its own, and a slow reader would gather them.
  const timer = setInterval(() => {
    if (flushing) return;
    flushing = true;
    destination.flush(() => (flushing = false));
  }, FLUSH_INTERVAL_MS);
  timer.unref();
  return {
    write: (line) => destination.write(line),
    flush: () =>
      new Promise((resolve) => {
        setTimeout(resolve, LAST_FLUSH_TIMEOUT_MS).unref();
        destination.flush(() => resolve());
      }),
    close: () => {
      clearInterval(timer);
      flushNow(destination);
    },
    get dropped() {
      return dropped;
    },
  };
};

// maxWrite is an option of the stream behind pino.destination that pino's own type does not name.
const STDOUT_OPTIONS = {
  dest: 1,
  sync: false,
  minLength: FLUSH_AT_BYTES,
  maxLength: MAX_HELD_BYTES,
  maxWrite: MAX_WRITE_BYTES,
};

const flushNow = (destination: ReturnType<typeof pino.destination>): void => {
  try {
    destination.flushSync();
  } catch {
    // stdout is closed: there is nobody left to tell.
  }
};

/** Lines to stdout in the human-readable form, each at once. For development. */
export const prettyStdout = (): LineSink => {
  const stream = prettyStream();
  return {
    write: (line) => stream.write(line),
    flush: () => Promise.resolve(),
    close: () => undefined,
    dropped: 0,
  };
};
