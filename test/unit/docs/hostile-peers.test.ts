/** docs/hostile-peers.md says what the schema, the sources, the metrics and the tests say. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../../../src/errors/causes.js';

const root = path.resolve(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Row {
  readonly peer: string;
  readonly limit: string;
  readonly fallback: string;
  readonly counter: string;
  readonly shown: string;
}

const rows = (): readonly Row[] =>
  read('docs/hostile-peers.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| What'))
    .map((line) => {
      const [, peer = '', limit = '', fallback = '', , counter = '', shown = ''] = line.split(/ *\| */);
      return { peer, limit, fallback, counter, shown };
    });

/** `listeners[].timeouts.bodyGap` as docs/configuration.md, which is made from the schema, has it. */
const documentedDefault = (key: string): string | undefined => {
  const at = key.lastIndexOf('.');
  const section = read('docs/configuration.md').split(`# \`${key.slice(0, at)}\`\n`)[1];
  const row = section
    ?.split('\n#')[0]
    ?.split('\n')
    .find((line) => line.startsWith(`| \`${key.slice(at + 1)}\``));
  return row?.split(' | ')[2];
};

/** `64 KiB` and `64 * 1024` are the same. */
const amount = (text: string): number =>
  text
    .replace(' KiB', ' * 1024')
    .split('*')
    .reduce((product, factor) => product * Number(factor), 1);

const constantIn = (file: string, name: string): string | undefined =>
  new RegExp(`const ${name} = ([\\d *]+);`).exec(read(file))?.[1];

it.each(rows())('$peer: $limit is what it is said to be', ({ limit, fallback }) => {
  if (limit.startsWith('none')) return;
  const [, name = '', folder] = /^`([^`]+)`(?: in (\S+))?$/.exec(limit) ?? [];
  if (folder === undefined) expect(fallback).toBe(documentedDefault(name));
  else expect(amount(fallback)).toBe(amount(constantIn(`src/proxy/${folder}.ts`, name) ?? ''));
});

it.each(rows())('$peer: $counter counts it', ({ counter }) => {
  const [metric = '', label = ''] = [...counter.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
  expect(read('docs/metrics.md')).toContain(`| \`${metric}\` |`);
  if (metric.includes('requests_total')) expect(Object.keys(CAUSES)).toContain(label);
});

it.each(rows())('$peer: a test shows it', ({ shown }) => {
  const [, name = '', title = ''] = /^(\S+): (.+)$/.exec(shown) ?? [];
  const file = ['test/integration', 'test'].map((folder) => `${folder}/${name}.test.ts`);
  const found = file.find((candidate) => existsSync(path.join(root, candidate)));
  expect(read(found ?? file[0]!)).toContain(title);
});
