/** Owns where results are kept. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toMarkdown } from './report.mjs';

const folder = path.join(import.meta.dirname, 'results');
const WRITE_README = path.join(import.meta.dirname, '../scripts/generate-bench-section.mjs');

/**
 * Each run is kept under its date; only a whole one that measured becomes `latest`, the one that is committed and that the README shows.
 * @param {import('./report.mjs').BenchResult} result
 * @returns {string} the file with all figures, relative to the working directory
 */
export const saveResult = (result) => {
  mkdirSync(folder, { recursive: true });
  const { quick, only, peers } = result.options;
  const partial = quick || only.length > 0 || peers.length > 0;
  const names = [result.machine.date.replaceAll(':', '-'), ...(partial ? [] : ['latest'])];
  for (const name of names) {
    writeFileSync(path.join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`);
    writeFileSync(path.join(folder, `${name}.md`), toMarkdown(result));
  }
  if (!partial) execFileSync(process.execPath, [WRITE_README]);
  return path.relative('.', path.join(folder, `${names.at(-1)}.json`));
};
