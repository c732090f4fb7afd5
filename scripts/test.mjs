// The gate, cheapest judge first; stops at the first step that fails. `node scripts/test.mjs STEP...` runs only those.
// The last line is `N passed, N failed`: Jest's tests, and a failed step of another kind as one failure.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build } from './build.mjs';
import { runJest } from './run-jest.mjs';

const root = path.resolve(import.meta.dirname, '..');
const bin = (name, file) => path.join(root, 'node_modules', name, file);

const node = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  return { passed: 0, failed: status === 0 ? 0 : 1 };
};

const tsc = (project, name) =>
  node(
    bin('typescript', 'bin/tsc'),
    ...['--noEmit', '-p', project, '--incremental', '--tsBuildInfoFile', `.cache/tsc/${name}.tsbuildinfo`],
  );

const PROJECTS = [
  ['tsconfig.json', 'src'],
  ['dashboard/tsconfig.json', 'dashboard'],
  ['test/tsconfig.json', 'test'],
];

/** Pages that are written by a program: stale is as bad as wrong. */
const WRITTEN_PAGES = [
  'generate-config-docs.mjs',
  'generate-conformance-table.mjs',
  'generate-causes-table.mjs',
  'generate-bench-section.mjs',
];

const checkDocs = () => {
  const stale = WRITTEN_PAGES.filter(
    (script) => node(path.join(root, 'scripts', script), '--check').failed > 0,
  );
  return { passed: 0, failed: stale.length };
};

const buildDist = () => {
  try {
    build({ label: 'build' });
    return { passed: 0, failed: 0 };
  } catch (error) {
    console.error(error.message);
    return { passed: 0, failed: 1 };
  }
};

const steps = {
  types: () => {
    for (const [project, name] of PROJECTS) {
      const outcome = tsc(project, name);
      if (outcome.failed > 0) return outcome;
    }
    return { passed: 0, failed: 0 };
  },
  lint: () => node(bin('eslint', 'bin/eslint.js'), '.'),
  imports: () => node('test/architecture/check-imports.mjs'),
  build: buildDist,
  docs: checkDocs,
  unit: () => runJest(['unit', 'contract', 'fuzz'], jestArgs),
  integration: () => runJest(['integration'], jestArgs),
  conformance: () => runJest(['conformance'], jestArgs),
};

const separator = process.argv.indexOf('--');
const jestArgs = separator === -1 ? [] : process.argv.slice(separator + 1);
const named = process.argv.slice(2, separator === -1 ? undefined : separator);
const unknown = named.filter((name) => !(name in steps));
if (unknown.length > 0)
  throw new Error(`no such step: ${unknown.join(', ')} (there are ${Object.keys(steps).join(', ')})`);

const total = { passed: 0, failed: 0 };
for (const name of named.length > 0 ? named : Object.keys(steps)) {
  console.log(`── ${name}`);
  const { passed, failed } = await steps[name]();
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) {
    console.error(`${name} failed; the steps after it did not run`);
    break;
  }
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
