// Owns docs/http-conformance.md: written from docs/http-conformance.json and the titles in test/conformance, or checked with
// --check. A clause that Torus claims to keep and no title names is an error, and so is a title whose clause is not listed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tests = join(root, 'test', 'conformance');
const page = join(root, 'docs', 'http-conformance.md');
const clauses = JSON.parse(readFileSync(join(root, 'docs', 'http-conformance.json'), 'utf8'));

const VERDICTS = { does: 'does', stricter: 'stricter', 'does not': '**does not**' };
const TITLE = /(['"`])(RFC (?:911[023]|8441) section [\d.]*\d: (?:\\.|(?!\1).)+)\1/g;

const INTRODUCTION = `# HTTP conformance, clause by clause

<!-- Written by scripts/generate-conformance-table.mjs from docs/http-conformance.json and the titles in test/conformance. -->

What RFC 9110 (semantics), RFC 9112 (HTTP/1.1), RFC 9113 (HTTP/2) and RFC 8441 (WebSocket over HTTP/2) ask of an intermediary, what Torus does, and the tests that
show it. Each test drives the built gateway with raw bytes or frames, HTTP/1.1 on a plain and on a TLS listener, before an upstream
that records every byte.

**does**: as written. **stricter**: where the RFC lets a recipient repair or guess, Torus refuses: 400 and close for a request, 502 for
a response. **does not**: the reason stands in the table. In a title, \`…\` stands for each row of a table of cases.
`;

/** Title as a reader should see it: the placeholders of a table of cases become an ellipsis. */
const readable = (literal) =>
  literal
    .replaceAll(/\\(.)/g, '$1')
    .replaceAll(/%[sjdo]/g, '…')
    .replaceAll(/ \(…\)$/g, ' …');

function titlesByClause() {
  const found = new Map();
  for (const file of readdirSync(tests, { recursive: true }).sort()) {
    if (!file.endsWith('.test.ts')) continue;
    for (const [, , literal] of readFileSync(join(tests, file), 'utf8').matchAll(TITLE)) {
      const [, clause, text] = /^(RFC (?:911[023]|8441) section [\d.]+): (.*)$/.exec(readable(literal));
      if (!found.has(clause)) found.set(clause, []);
      found.get(clause).push(`${text} (${file.replace('.test.ts', '')})`);
    }
  }
  return found;
}

const titles = titlesByClause();
const nameOf = ({ rfc, section }) => `RFC ${rfc} section ${section}`;

function problems() {
  const listed = new Set(clauses.map(nameOf));
  const untested = clauses
    .filter(({ verdict }) => verdict !== 'does not')
    .filter((clause) => testsOf(clause).length === 0)
    .map((clause) => `claimed, but no test shows it: ${nameOf(clause)}: ${clause.requirement}`);
  const unlisted = [...titles.keys()]
    .filter((clause) => !listed.has(clause))
    .map((clause) => `tested, but not in docs/http-conformance.json: ${clause}`);
  const odd = clauses
    .filter(({ verdict }) => !(verdict in VERDICTS))
    .map((clause) => `no such verdict: ${clause.verdict} (${nameOf(clause)})`);
  const unmatched = clauses
    .filter((clause) =>
      (clause.shownBy ?? []).some((words) => !titlesOf(clause).some((title) => title.includes(words))),
    )
    .map((clause) => `shownBy names no title: ${nameOf(clause)}: ${clause.shownBy.join(', ')}`);
  return [...untested, ...unlisted, ...odd, ...unmatched];
}

function titlesOf(clause) {
  return titles.get(nameOf(clause)) ?? [];
}

/** Those that hold one of the words in `shownBy`; without it, all of the section. None for what Torus does not do. */
function testsOf(clause) {
  if (clause.verdict === 'does not' && clause.shownBy === undefined) return [];
  const words = clause.shownBy ?? [''];
  return titlesOf(clause).filter((title) => words.some((word) => title.includes(word)));
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function table(rfc) {
  const order = (section) =>
    section
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.');
  const rows = clauses
    .filter((clause) => clause.rfc === rfc)
    .sort((one, two) => order(one.section).localeCompare(order(two.section)))
    .map((clause) => {
      const shown = testsOf(clause).map(cell).join('<br>');
      const link = `[${clause.section}](https://www.rfc-editor.org/rfc/rfc${rfc}#section-${clause.section})`;
      return `| ${link} | ${clause.level} | ${cell(clause.requirement)} | ${VERDICTS[clause.verdict]}: ${cell(clause.torus)} | ${shown} |`;
    });
  return ['| Section | Level | Requirement | Torus | Tests |', '|---|---|---|---|---|', ...rows].join('\n');
}

const found = problems();
if (found.length > 0) {
  console.error(found.join('\n'));
  process.exit(1);
}
const count = (verdict) => clauses.filter((clause) => clause.verdict === verdict).length;
const summary = `${clauses.length} requirements: ${count('does')} kept as written, ${count('stricter')} kept more strictly, ${count('does not')} not kept.`;
const text = `${INTRODUCTION}\n${summary}\n\n## RFC 9112: HTTP/1.1\n\n${table('9112')}\n\n## RFC 9113: HTTP/2\n\n${table('9113')}\n\n## RFC 8441: WebSocket over HTTP/2\n\n${table('8441')}\n\n## RFC 9110: semantics\n\n${table('9110')}\n`;

if (process.argv.includes('--check')) {
  const current = readFileSync(page, 'utf8');
  if (current !== text) {
    console.error('docs/http-conformance.md is stale: run node scripts/generate-conformance-table.mjs');
    process.exit(1);
  }
} else writeFileSync(page, text);
