import fc from 'fast-check';
import type { LiveExchange, StreamOrder, StreamQuery } from '../../../src/contracts/live-view.js';
import { STREAM_ORDERS, StreamSelector } from '../../../src/observability/stream-selection.js';
import { liveExchange } from '../../support/live-exchange.js';

const select = (rows: readonly LiveExchange[], query: Partial<StreamQuery> = {}) => {
  const selector = new StreamSelector<LiveExchange>({ sort: 'age', limit: 50, ...query });
  for (const row of rows) selector.offer(row);
  return selector.selection();
};
const ids = (rows: readonly LiveExchange[], query: Partial<StreamQuery>) =>
  select(rows, query).streams.map(({ id }) => id);

describe('StreamSelector', () => {
  const young = liveExchange({ id: 'young', ageMs: 5, responseBytes: 900, route: 'a' });
  const old = liveExchange({ id: 'old', ageMs: 90, requestBytes: 10, blocked: 'upstream', blockedForMs: 3 });
  const held = liveExchange({
    ...{ id: 'held', ageMs: 50, blocked: 'client', blockedForMs: 40, bufferedBytes: 64, idleMs: 45 },
  });
  const rows = [young, old, held];

  it.each<[StreamOrder, string[]]>([
    ['age', ['old', 'held', 'young']],
    ['bytes', ['young', 'old', 'held']],
    ['blocked', ['held', 'old', 'young']],
    ['buffered', ['held', 'young', 'old']],
    ['idle', ['old', 'held', 'young']],
  ])('sorts by %s', (sort, wanted) => {
    expect(ids(rows, { sort })).toEqual(wanted);
    expect(STREAM_ORDERS).toContain(sort);
  });

  it('takes those that fit, and counts all', () => {
    expect(select(rows, { slowMs: 50, limit: 1 })).toEqual({ total: 3, matched: 2, streams: [old] });
    expect(ids(rows, { blocked: 'any' })).toEqual(['old', 'held']);
    expect(ids(rows, { blocked: 'client' })).toEqual(['held']);
    expect(ids(rows, { route: 'a' })).toEqual(['young']);
    expect(ids(rows, { route: 'a', phase: 'tunnel' })).toEqual([]);
  });

  it('finds over several workers, each with its own first rows, what one alone would have found', () => {
    const worker = fc.array(fc.nat(1000), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(worker, { maxLength: 4 }), fc.integer({ min: 1, max: 10 }), (workers, limit) => {
        const query = { sort: 'age', limit } as const;
        const merged = new StreamSelector<LiveExchange>(query);
        const all = workers.map((ages) => ages.map((ageMs) => liveExchange({ ageMs })));
        for (const part of all) merged.add(select(part, query));
        expect(merged.selection()).toEqual(select(all.flat(), query));
      }),
    );
  });
});
