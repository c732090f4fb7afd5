/** The table of reasons in docs/metrics.md is the closed set of the code. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

/** The words of one union type in the contract. */
const unionOf = (name: string): string[] => {
  const body = new RegExp(`export type ${name} =([^;]*);`).exec(read('src/contracts/close-reason.ts'))?.[1];
  return [...(body ?? '').matchAll(/'([a-z-]+)'/g)].map(([, word = '']) => word);
};

/** Reason -> side, as documented. */
const documented = (): Map<string, string> => {
  const section = read('docs/metrics.md').split('## The ledger of sockets')[1] ?? '';
  const rows = [...section.matchAll(/^\| (`[^|]*) \| (both|downstream|upstream) \|/gm)];
  return new Map(
    rows.flatMap(([, words = '', side = '']) =>
      [...words.matchAll(/`([a-z-]+)`/g)].map(([, word = '']): [string, string] => [word, side]),
    ),
  );
};

describe('the reasons why sockets close', () => {
  it('are documented, each with its side, and no others are', () => {
    const [downstream, upstream] = [unionOf('DownstreamCloseReason'), unionOf('UpstreamCloseReason')];
    const sideOf = (reason: string): string => {
      if (!upstream.includes(reason)) return 'downstream';
      return downstream.includes(reason) ? 'both' : 'upstream';
    };
    const reasons = new Set([...downstream, ...upstream]);
    const wanted = new Map([...reasons].map((reason) => [reason, sideOf(reason)]));
    wanted.set('worker-gone', 'both');
    expect(reasons.size).toBeGreaterThan(20);
    expect(Object.fromEntries([...documented()].sort())).toEqual(Object.fromEntries([...wanted].sort()));
  });
});
