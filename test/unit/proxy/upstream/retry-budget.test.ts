/** How many retries may run at once. */
import { UpstreamRetryBudget } from '../../../../src/proxy/upstream/retry-budget.js';

const takeAll = (budget: UpstreamRetryBudget, gone: 0 | 1 = 0): number => {
  let taken = 0;
  while (taken < 1000 && budget.take(gone)) taken += 1;
  return taken;
};

describe('the budget', () => {
  it.each([
    [0, 3],
    [10, 3],
    [15, 3],
    [20, 4],
    [100, 20],
  ])('with %i requests running is %i', (running, expected) => {
    expect(takeAll(new UpstreamRetryBudget({ share: 0.2, minConcurrent: 3 }, () => running))).toBe(expected);
  });

  it('counts the request that lost its connection as running', () => {
    const budget = { share: 0.5, minConcurrent: 0 };
    expect(takeAll(new UpstreamRetryBudget(budget, () => 1), 0)).toBe(0);
    expect(takeAll(new UpstreamRetryBudget(budget, () => 1), 1)).toBe(1);
  });

  it('follows the number of requests, and gets back what was given', () => {
    let running = 100;
    const budget = new UpstreamRetryBudget({ share: 0.1, minConcurrent: 1 }, () => running);
    expect(takeAll(budget)).toBe(10);
    budget.give();
    expect(takeAll(budget)).toBe(1);
    running = 10;
    for (let index = 0; index < 9; index += 1) budget.give();
    expect(budget.take(0)).toBe(false);
    budget.give();
    expect(budget.take(0)).toBe(true);
  });
});
