/** Owns what a worker process runs: the real data plane in the real process. */
import { readVersion } from '../../config/version.js';
import { compose } from './compose.js';
import { runWorker } from './run-worker.js';

/** Resolves with the exit code. */
export const serve = (): Promise<number> => runWorker({ compose, version: readVersion() });
