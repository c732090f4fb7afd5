// `npm start`: prepares the tree, then becomes `torus dev` in this very process, so that signals need no forwarding.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';

try {
  await prepare();
  const entry = path.resolve(import.meta.dirname, '..', 'dist', 'index.js');
  // The cluster forks what argv[1] names.
  process.argv = [process.argv[0], entry, 'dev', ...process.argv.slice(2)];
  await import(pathToFileURL(entry).href);
} catch (error) {
  console.error(`start: ${error.message}`);
  process.exitCode = 1;
}
