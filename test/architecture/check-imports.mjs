// Proves the import rules twice: the real tree breaks none of them, and a planted tree breaks every one. A cruise that could
// not parse TypeScript finds no module and no violation, so the number of files seen is checked as well.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../../.dependency-cruiser.cjs';

const root = path.resolve(import.meta.dirname, '../..');
const plantedRoot = path.join(import.meta.dirname, 'planted');
const tsConfig = extractTSConfig(path.join(root, 'tsconfig.json'));

const run = async (baseDir) => {
  const options = { ...rules.options, baseDir, ruleSet: rules, validate: true };
  const { output } = await cruise(['src'], options, undefined, { tsConfig });
  return output;
};
const sourcesIn = (dir) =>
  readdirSync(dir, { recursive: true }).filter((name) => name.endsWith('.ts')).length;
const failures = [];

const real = await run(root);
const seen = real.modules.filter(
  (module) => /^src\/.*[.]ts$/.test(module.source) && !module.couldNotResolve,
).length;
const expected = sourcesIn(path.join(root, 'src'));
if (seen !== expected) failures.push(`cruised ${seen} of ${expected} files: the parser is not working`);
for (const { rule, from, to } of real.summary.violations) {
  const { comment = '' } =
    [...rules.forbidden, ...rules.required].find(({ name }) => name === rule.name) ?? {};
  failures.push(`${rule.name}: ${from} -> ${to}\n    ${comment}`);
}

const planted = await run(plantedRoot);
const caught = new Map();
for (const { rule, from } of planted.summary.violations)
  caught.set(rule.name, [...(caught.get(rule.name) ?? []), from]);
// Packages do not resolve from the planted tree, so this one rule is proved on the real tree only.
const exempt = new Set(['no-dev-dependency-in-src']);
for (const { name } of rules.forbidden) {
  if (exempt.has(name)) continue;
  const file = caught.get(name)?.some((from) => path.basename(from).startsWith(name));
  if (!file) failures.push(`${name}: did not catch the file planted for it`);
}
for (const { name } of rules.required)
  if (!caught.has(name)) failures.push(`${name}: caught nothing in the planted tree`);
const blamed = (file) =>
  [...caught].filter(([name, from]) => name !== 'no-orphans' && from.some((at) => at.endsWith(file)));
if (blamed('names-a-socket-type.ts').length > 0)
  failures.push('a type-only socket import in the codec must be allowed');

for (const failure of failures) console.error(failure);
const total = rules.forbidden.length + rules.required.length;
console.log(
  `imports: ${seen} files, ${total} rules, ${total - exempt.size} proven, ${failures.length} violations`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
