// Checks the types of src/, and bundles src/ and dashboard/ to dist/ when they have changed since the last build. The new tree is made
// beside the old one and swapped in by rename, so no stale file stays behind and a running instance never sees a half-written one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDashboard, dashboardSources } from './build-dashboard.mjs';
import { buildProgram } from './build-program.mjs';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const stampName = '.build-stamp';

/** Hash of everything that decides what is built. */
const fingerprint = () => {
  const hash = createHash('sha256');
  const sources = readdirSync(path.join(root, 'src'), { recursive: true }).filter((name) =>
    name.endsWith('.ts'),
  );
  const inputs = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'scripts/build-dashboard.mjs',
    'scripts/build-program.mjs',
    ...dashboardSources(),
    ...sources.map((name) => path.join('src', name)).sort(),
  ];
  for (const name of inputs)
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(path.join(root, name)))
      .update('\0');
  return hash.digest('hex');
};

const builtFrom = () => {
  const stamp = path.join(dist, stampName);
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : undefined;
};

/** The types go to dist/types, for whoever writes a configuration as code. */
const compileTypes = (outDir) => {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', root, '--outDir', outDir, '--emitDeclarationOnly', '--noEmitOnError'];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the sources do not compile');
};

const isTaken = (error) => ['ENOTEMPTY', 'EEXIST', 'EPERM', 'ENOENT'].includes(error.code);

/** Another build may swap at the same moment: then ours goes second. */
const swapIn = (fresh, attemptsLeft = 5) => {
  const old = `${dist}.old-${process.pid}`;
  try {
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } catch (error) {
    if (!isTaken(error) || attemptsLeft === 0) throw error;
    swapIn(fresh, attemptsLeft - 1);
  } finally {
    rmSync(old, { recursive: true, force: true });
  }
};

/** Builds unless dist/ is up to date. Throws when the sources do not compile; dist/ is then as it was. */
export const build = ({ label }) => {
  const wanted = fingerprint();
  if (builtFrom() === wanted) return;
  console.log(`${label}: building dist/`);
  // A sibling of dist/, not a child of some cache: source maps point to ../src from either.
  const fresh = `${dist}.new-${process.pid}`;
  try {
    compileTypes(path.join(fresh, 'types'));
    const packages = buildProgram(fresh);
    console.log(`${label}: program with ${packages} packages`);
    const page = buildDashboard(path.join(fresh, 'dashboard'));
    console.log(
      `${label}: page ${page.map(([name, bytes]) => `${name} ${Math.ceil(bytes / 1024)} KiB`).join(', ')}`,
    );
    const entry = path.join(fresh, 'index.js');
    if (existsSync(entry)) chmodSync(entry, 0o755);
    writeFileSync(path.join(fresh, stampName), wanted);
    swapIn(fresh);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    build({ label: 'build' });
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
