// Bundles the page of the admin API: one program, one style sheet, one document, with no address outside of them.
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'dashboard');

/** Files that decide what the page is, beside those of src/ and the lock file; relative to the root, sorted. */
export const dashboardSources = () =>
  readdirSync(source, { recursive: true })
    .filter((name) => /\.(ts|css|html|json)$/.test(name))
    .map((name) => path.join('dashboard', name))
    .sort();

/** Writes the three files to `outDir`. Throws when the sources do not bundle. Returns the bytes of each. */
export const buildDashboard = (outDir) => {
  mkdirSync(outDir, { recursive: true });
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: ['dashboard/main.ts', 'dashboard/style/app.css'],
    outdir: outDir,
    entryNames: 'app',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  });
  copyFileSync(path.join(source, 'index.html'), path.join(outDir, 'index.html'));
  return Object.entries(metafile.outputs).map(([name, { bytes }]) => [path.basename(name), bytes]);
};
