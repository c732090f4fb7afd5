/** Owns what a worker process runs: the real data plane in the real process. */
import { installationOf } from '../../config/installation.js';
import { compose } from './compose.js';
import { runWorker } from './run-worker.js';

/** `entry` is the file that the program was started with. Resolves with the exit code. */
export const serve = (entry: string): Promise<number> =>
  runWorker({ compose, version: installationOf(entry).version });
