/** How a frame of `torus top` fills a terminal. */
import { frameOf } from '../../../../src/cli/top/frame.js';
import { paint } from '../../../../src/cli/top/paint.js';
import type { TopView } from '../../../../src/cli/top/view.js';
import { statusDocument, worker } from '../../../support/status-document.js';

const endpoint = (number: number, available: boolean) => ({
  address: `10.0.0.${number}:9000`,
  state: available ? 'healthy' : 'ejected',
  available,
  why: available
    ? 'check passed: 200'
    : '5 failures in a row, and many words about what they were and when they came to be',
  active: 0,
  connections: 0,
});

const view = (changes: Partial<TopView> = {}): TopView => ({
  status: statusDocument({
    workers: [1, 2, 3, 4].map((number) => worker({ worker: number })),
    upstreams: [
      {
        name: 'users',
        available: 19,
        failing: 0,
        total: 20,
        panic: false,
        endpoints: Array.from({ length: 20 }, (_, at) => endpoint(at, at !== 13)),
      },
    ],
  }),
  lately: undefined,
  remembered: undefined,
  streams: { total: 3, matched: 0, missing: [], streams: [] },
  order: 'age',
  ...changes,
});

const textsOf = (size: { columns: number; rows: number }, changes?: Partial<TopView>) =>
  frameOf(view(changes), size).map(({ text }) => text);

describe('a frame', () => {
  it.each([
    [80, 24],
    [40, 10],
    [200, 60],
  ])('fills %d columns and %d rows, and no more', (columns, rows) => {
    const texts = textsOf({ columns, rows });
    expect(texts).toHaveLength(rows);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(columns);
    expect(texts.at(-1)).toMatch(/^q quit/);
  });

  it('shows every table on a small terminal, and says how many rows it left out', () => {
    const text = textsOf({ columns: 80, rows: 24 }).join('\n');
    for (const title of ['ERRORS', 'WORKER', 'UPSTREAM', 'STREAM AGE']) expect(text).toContain(title);
    expect(text).toMatch(/UPSTREAM .*\+\d+/);
  });

  it('puts the endpoint that is out of use first', () => {
    const texts = textsOf({ columns: 120, rows: 24 });
    const title = texts.findIndex((text) => text.startsWith('UPSTREAM'));
    expect(texts[title + 1]).toContain('10.0.0.13:9000');
  });

  it('says at the top what is wrong', () => {
    expect(textsOf({ columns: 80, rows: 24 })[1]).toBe(
      '! Worth a look: upstream users: 1 of 20 endpoints out of use',
    );
    expect(textsOf({ columns: 80, rows: 24 }, { problem: 'gone' })[1]).toBe(
      '✕ No answer from the instance: gone',
    );
  });

  it('leaves out the streams where the instance does not tell of them', () => {
    expect(textsOf({ columns: 80, rows: 24 }, { streams: undefined }).join('\n')).not.toContain('STREAM AGE');
  });

  it('is coloured only where that is wanted', () => {
    expect(paint({ text: 'x', tone: 'bad' }, true)).toBe('\u001b[31mx\u001b[0m');
    expect(paint({ text: 'x', tone: 'bad' }, false)).toBe('x');
  });
});
