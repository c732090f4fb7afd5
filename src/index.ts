#!/usr/bin/env node
/** Owns the start and the end of a process: picks the half of Torus that it runs, and turns its result into the exit code. */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { loadOneByOne } from './config/load-modules.js';

/** Each half loads only itself: the primary no data-plane code, a worker no command line. */
const main = async (): Promise<number> => {
  if (cluster.isWorker) {
    loadOneByOne('./server/worker/serve.js', import.meta.url);
    const { serve } = await import('./server/worker/serve.js');
    return serve();
  }
  loadOneByOne('./cli/run-command.js', import.meta.url);
  const { runCommand } = await import('./cli/run-command.js');
  return runCommand({
    words: process.argv.slice(2),
    cwd: process.cwd(),
    workerEntry: fileURLToPath(import.meta.url),
  });
};

process.exit(await main());
