/** Owns how lines of a log reach the system: files that are appended to, and standard output. */
import { close, open, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LogOutput } from '../contracts/log-output.js';
import { isSameFile } from './process-facts.js';

const openFile = promisify<string, string, number>(open);

export const logOutput: LogOutput = {
  open: (path) => openFile(path, 'a'),
  isSameFile,
  write: (fd, bytes, done) => write(fd, bytes, 0, bytes.length, null, done),
  writeNow: (fd, bytes) => writeSync(fd, bytes),
  // What was written is with the system already: nobody could do anything about a close that fails.
  close: (fd) => close(fd, () => undefined),
};
