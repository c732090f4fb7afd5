// Runs Jest on some of its projects and counts. Jest waits for ever when a test leaves a handle open: after a grace period
// such a run is ended and reported as failed, never forced to pass.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const EXIT_GRACE_MS = 15_000;
const HANGING = 'Jest did not exit';

const readCounts = (file) => {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(file, 'utf8'),
    );
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch (error) {
    return { passed: 0, failed: 1, note: `Jest left no result: ${error.message}` };
  }
};

/** Kills the run when it says that it cannot exit, and stays so. Resolves with what became of it. */
const superviseExit = (child) =>
  new Promise((resolve, reject) => {
    let timer;
    let hung = false;
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      if (timer !== undefined || !chunk.toString().includes(HANGING)) return;
      timer = setTimeout(() => {
        hung = true;
        child.kill('SIGKILL');
      }, EXIT_GRACE_MS);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, hung });
    });
  });

/** Runs the named projects with further Jest arguments. Counts are those of Jest's own report. */
export const runJest = async (projects, extra = []) => {
  const report = path.join(root, '.cache', 'jest', `${projects.join('-')}.json`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [
    jest,
    '--selectProjects',
    ...projects,
    '--passWithNoTests',
    '--json',
    `--outputFile=${report}`,
    ...extra,
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'] });
  const { code, hung } = await superviseExit(child);
  const counts = readCounts(report);
  if (counts.note !== undefined) console.error(counts.note);
  if (hung) console.error('a test left a handle open; the run was ended and counts as failed');
  const failed = counts.failed + (hung ? 1 : 0);
  return { passed: counts.passed, failed: failed === 0 && code !== 0 && !hung ? 1 : failed };
};
