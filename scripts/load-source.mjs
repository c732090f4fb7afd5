// Imports a module of src/ as it is now, for programs that write pages from it.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

/** `file` is relative to src/. Rejects when it does not compile. */
export const loadSource = (file) => {
  // Below the root, where packages are found.
  const outfile = path.join(root, '.cache', 'source', file.replace(/\.ts$/, '.mjs'));
  buildSync({
    absWorkingDir: root,
    entryPoints: [path.join('src', file)],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
};
