// Makes a fresh clone ready to run: installs packages and builds, each only when needed. Needs nothing but Node and npm.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const inRoot = (...parts) => path.join(root, ...parts);
const lockFile = inRoot('package-lock.json');
const installStamp = inRoot('node_modules', '.torus-install');
const hash = (text) => createHash('sha256').update(text).digest('hex');

/** A production image carries dist/ and production packages, but no sources: there is nothing to prepare. */
const isProductionTree = () => !existsSync(inRoot('src')) || process.env.TORUS_SKIP_PREPARE === '1';

/** npm writes this file last; when it is newer than the lock file, somebody has installed without us. */
const installedByHand = () => {
  const marker = inRoot('node_modules', '.package-lock.json');
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(lockFile).mtimeMs;
};

const isInstalled = (wanted) => {
  if (!existsSync(inRoot('node_modules'))) return false;
  if (existsSync(installStamp)) return readFileSync(installStamp, 'utf8') === wanted;
  return installedByHand();
};

const install = () => {
  const wanted = hash(readFileSync(lockFile));
  if (isInstalled(wanted)) return;
  console.log('prepare: installing packages (npm ci)');
  // npm is a script on POSIX and a batch file on Windows; only a shell finds both.
  const result = spawnSync('npm ci --no-audit --no-fund --include=dev', {
    cwd: root,
    shell: true,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    process.stderr.write(`${result.stdout}${result.stderr}`);
    throw new Error('npm ci failed');
  }
  writeFileSync(installStamp, wanted);
};

/**
 * Installs and builds what is missing or out of date. Says one line for each thing it does, and nothing otherwise.
 * The gate asks for packages only: it has its own place for the build, after the cheaper judges.
 */
export const prepare = async ({ packagesOnly = false } = {}) => {
  if (isProductionTree()) return;
  install();
  if (packagesOnly) return;
  const { build } = await import('./build.mjs');
  build({ label: 'prepare' });
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  prepare({ packagesOnly: process.argv.includes('--packages-only') }).catch((error) => {
    console.error(`prepare: ${error.message}`);
    process.exitCode = 1;
  });
}
