import { TraceBudget } from '../../../../src/observability/tracing/trace-budget.js';

const taken = (budget: TraceBudget, times: number, nowMs: number): number =>
  Array.from({ length: times }, () => budget.take(nowMs)).filter(Boolean).length;

it('allows five seconds of its rate at once, and then no more', () => {
  const budget = new TraceBudget(10);
  expect(taken(budget, 100, 1_000)).toBe(50);
  expect(taken(budget, 100, 1_000)).toBe(0);
});

it('fills again as time goes by, to no more than five seconds of its rate', () => {
  const budget = new TraceBudget(10);
  taken(budget, 100, 0);
  expect(taken(budget, 100, 99)).toBe(0);
  expect(taken(budget, 100, 300)).toBe(3);
  expect(taken(budget, 100, 3_600_000)).toBe(50);
});
