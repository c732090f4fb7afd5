/** The closed set: each cause has a side, a status, and advice that a reader can follow. */
import type { Cause } from '../../../src/contracts/cause.js';
import { CAUSE_ADVICE } from '../../../src/errors/cause-advice.js';
import { CAUSES } from '../../../src/errors/causes.js';

describe('the table of causes', () => {
  it('has advice for each of them, a sentence or more, which ends as sentences do', () => {
    for (const cause of Object.keys(CAUSES) as Cause[]) {
      expect(CAUSE_ADVICE[cause].length).toBeGreaterThan(20);
      expect(CAUSE_ADVICE[cause]).toMatch(/[.?)]$/);
    }
    expect(Object.keys(CAUSE_ADVICE)).toEqual(Object.keys(CAUSES));
  });

  it('advises what a configuration may say', () => {
    const advice = CAUSE_ADVICE['downstream.head.method-unsupported'];
    expect(advice).toContain('`connect: true`');
    expect(advice).not.toContain('methods: [CONNECT]');
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
