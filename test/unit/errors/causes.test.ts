/** The table of causes says what the documentation says, row by row. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CAUSES } from '../../../src/errors/causes.js';

const documented = (): string[][] => {
  const text = readFileSync(path.resolve(__dirname, '../../../docs/operations.md'), 'utf8');
  const section = text.split('\n## Causes\n')[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \| (\w+) \| (.+) \|$/gm)].map((row) => row.slice(1));
};

describe('the table of causes', () => {
  it('is the table in docs/operations.md, in the same order', () => {
    const rows = Object.entries(CAUSES).map(([cause, { status, title }]) => [
      cause,
      status === 0 ? 'none' : String(status),
      title,
    ]);
    expect(documented()).toEqual(rows);
  });

  it('names the side of each cause in its first part', () => {
    for (const [cause, { side }] of Object.entries(CAUSES))
      expect(side).toBe(cause === 'ok' ? 'none' : cause.split('.')[0]);
  });

  it('answers only with statuses of errors, except where a filter chose the answer', () => {
    const chosen = ['downstream.filter.redirected', 'downstream.filter.answered'];
    for (const [cause, { status }] of Object.entries(CAUSES))
      if (!chosen.includes(cause)) expect(status === 0 || (status >= 400 && status < 600)).toBe(true);
  });
});
