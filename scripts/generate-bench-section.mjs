// Owns the table of the bench in the README: what the last whole run printed (bench/results/latest.md), or checked with --check.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = join(root, 'README.md');
const BEGIN = '<!-- bench:begin, written by scripts/generate-bench-section.mjs -->';
const END = '<!-- bench:end -->';

const section = () =>
  `${BEGIN}\n${readFileSync(join(root, 'bench/results/latest.md'), 'utf8').trim()}\n${END}`;

const readme = readFileSync(page, 'utf8');
const [before, rest] = readme.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`README.md has no ${BEGIN} ... ${END}`);
const wanted = `${before}${section()}${after}`;

if (process.argv.includes('--check')) {
  if (readme !== wanted) {
    console.error(
      'README.md does not show bench/results/latest.md: run node scripts/generate-bench-section.mjs',
    );
    process.exitCode = 1;
  }
} else writeFileSync(page, wanted);
