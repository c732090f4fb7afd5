/** Each cause has a test that drives it by a real fault over real sockets: a word that nothing can cause is dead, and goes. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../../../src/errors/causes.js';

const folder = path.resolve(__dirname, '../../integration/causes');

const driven = (): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(path.join(folder, file), 'utf8').matchAll(/\.drives\(\s*'([^']+)'/g)])
    .map((match) => match[1]!);

const HOW = `
Every cause in src/errors/causes.ts needs a driver: a line such as

    stage.drives('some.new.cause', 'the fault, in words', async () => answered(await stage.ask('script')));

in the file of test/integration/causes that its side and phase belong to (downstream-head, downstream-exchange, upstream-way,
upstream-answer, internal), or in a new file there. The driver causes the fault with real sockets and returns what the client
saw: answered(response), cut(response), left(status), or sawNothing(client). The access log line, the metric, Proxy-Status and
the ledger are asserted for it (cause-stage.ts). A cause that no fault can reach is dead: take it out of src/contracts/cause.ts,
src/errors/causes.ts and src/errors/cause-advice.ts, and run node scripts/generate-causes-table.mjs after a build.
`;

const complainAbout = (what: string, causes: readonly string[]): void => {
  if (causes.length > 0) throw new Error(`${what}: ${causes.join(', ')}\n${HOW}`);
};

it('every cause has a driver', () => {
  const known = new Set(driven());
  complainAbout(
    'no test drives',
    Object.keys(CAUSES).filter((cause) => !known.has(cause)),
  );
  expect(known.size).toBe(Object.keys(CAUSES).length);
});

it('every driver names a cause that there is, once', () => {
  const all = driven();
  complainAbout(
    'driven, but not in the table of causes',
    all.filter((cause) => !(cause in CAUSES)),
  );
  complainAbout(
    'driven twice',
    all.filter((cause, at) => all.indexOf(cause) !== at),
  );
  expect(all.length).toBeGreaterThan(50);
});
