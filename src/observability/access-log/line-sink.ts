/** Owns where access log lines are held until they are written: bounded, flushed by time, lossy before it blocks. */
import { pino } from 'pino';
import { prettyStream } from '../pretty-stream.js';

export interface LineSink {
  /** Takes one line with its newline. Never blocks and never throws. */
  write(line: string): void;
  /** Resolves when what was taken before is written, or after a short while when the reader does not read. */
  flush(): Promise<void>;
  /** Writes what is held before it returns, and takes no more. */
  close(): void;
  readonly dropped: number;
}

type Destination = ReturnType<typeof pino.destination>;

const FLUSH_INTERVAL_MS = 100;
const LAST_FLUSH_TIMEOUT_MS = 500;
// One write to a pipe is atomic up to 4096 bytes (PIPE_BUF), one that appends to a file always: lines of several workers never mix.
const MAX_WRITE_BYTES = 4096;
const FLUSH_AT_BYTES = 3072;
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** A file that was moved away is written on for at most this long. */
const ROTATION_CHECK_MS = 1000;

// maxWrite is an option of the stream behind pino.destination that pino's own type does not name.
const BUFFERED = {
  sync: false,
  minLength: FLUSH_AT_BYTES,
  maxLength: MAX_HELD_BYTES,
  maxWrite: MAX_WRITE_BYTES,
};

/** Lines to stdout in batches. When the reader of stdout is slower than that, lines are dropped and counted. */
export const bufferedStdout = (): LineSink =>
  buffered(pino.destination({ ...BUFFERED, dest: 1 }), () => undefined);

/** Says whether the path still leads to the open file `fd`. */
export type IsSameFile = (path: string, fd: number) => Promise<boolean>;

/**
 * Lines appended to a file in batches. When the path leads to another file or to none, because the log was rotated, the file
 * is opened again, and made where there is none.
 */
export const bufferedFile = (path: string, isSameFile: IsSameFile): LineSink => {
  const destination = pino.destination({ ...BUFFERED, dest: path, append: true });
  let checking = false;
  const reopenIfRotated = async (): Promise<void> => {
    const { fd } = destination as unknown as { readonly fd: number };
    if (fd >= 0 && !(await isSameFile(path, fd))) destination.reopen(path);
  };
  const timer = setInterval(() => {
    if (checking) return;
    checking = true;
    // The stream itself reports what fails when it opens or writes.
    void reopenIfRotated().finally(() => (checking = false));
  }, ROTATION_CHECK_MS);
  timer.unref();
  return buffered(destination, () => clearInterval(timer));
};

const buffered = (destination: Destination, onClose: () => void): LineSink => {
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
      onClose();
      flushNow(destination);
    },
    get dropped() {
      return dropped;
    },
  };
};

const flushNow = (destination: Destination): void => {
  try {
    destination.flushSync();
  } catch {
    // Its reader or its file is gone: there is nobody left to tell.
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
