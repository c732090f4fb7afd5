#!/usr/bin/env node
/** Owns the start and the end of a process: picks the half of Torus that it runs, and turns its result into the exit code. */
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

/** Each half loads only itself: the primary no data-plane code, a worker no command line. */
const main = async (): Promise<number> => {
  const entry = fileURLToPath(import.meta.url);
  if (cluster.isWorker) {
    const { serve } = await import('./server/worker/serve.js');
    return serve(entry);
  }
  const { runCommand } = await import('./cli/run-command.js');
  return runCommand({ words: process.argv.slice(2), cwd: process.cwd(), entry });
};

process.exit(await main());
