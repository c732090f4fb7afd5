// The long run of test/fuzz: `npm run fuzz -- --seconds N --seed S`. Each kind of fuzzing gets that many seconds, one after the
// other. Prints how many cases ran; findings are in .cache/fuzz/ and in Jest's report.
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { runJest } from './run-jest.mjs';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const isCount = (text) => /^\d{1,9}$/.test(text);
if (!isCount(values.seconds) || !isCount(values.seed) || values.seconds === '0')
  throw new Error('usage: npm run fuzz -- --seconds N --seed S');

const folder = path.resolve(import.meta.dirname, '../.cache/fuzz');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
build({ label: 'build' });
process.env.TORUS_FUZZ_SECONDS = values.seconds;
process.env.TORUS_FUZZ_SEED = values.seed;
const { failed } = await runJest(['fuzz'], ['--runInBand']);

for (const name of readdirSync(folder).sort()) {
  const run = JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
  const facts = {
    cases: run.cases,
    accepted: run.acceptedMessages ?? run.echoed,
    findings: run.findings.length,
  };
  console.log(`${run.name} (seed ${values.seed}): ${JSON.stringify(facts)}`);
}
process.exitCode = failed === 0 ? 0 : 1;
