import { byStanding, standingOf } from '../../../../src/observability/status/endpoint-standing.js';

const endpoint = (state: string, available = true) => ({ state, available });

describe('how it stands with an endpoint', () => {
  it.each([
    [endpoint('unhealthy', false), 'out'],
    [endpoint('ejected', false), 'out'],
    [endpoint('failing'), 'failing'],
    [endpoint('draining', false), 'passing'],
    [endpoint('unknown'), 'passing'],
    [endpoint('healthy'), 'fine'],
  ])('%p is %s', (given, standing) => expect(standingOf(given)).toBe(standing));

  it('sorts the worst first, and equals as they came', () => {
    const states = ['healthy', 'draining', 'failing', 'ejected', 'unhealthy', 'unknown'];
    const all = states.map((state) => endpoint(state, !['draining', 'ejected', 'unhealthy'].includes(state)));
    expect(all.sort(byStanding).map(({ state }) => state)).toEqual([
      ...['ejected', 'unhealthy', 'failing', 'draining', 'unknown', 'healthy'],
    ]);
  });
});
