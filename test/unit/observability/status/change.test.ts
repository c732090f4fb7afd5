/** What two status documents say of the time between them. */
import { changeBetween, quantile } from '../../../../src/observability/status/change.js';
import { StatusHistory } from '../../../../src/observability/status/history.js';
import { BOUNDS, statusDocument, totals } from '../../../support/status-document.js';

const at = (clockMs: number, requests: number, startedAt = '2026-01-01T00:00:00.000Z') =>
  statusDocument({
    clockMs,
    instance: { ...statusDocument().instance, startedAt },
    totals: totals({ requests, outcomes: [{ cause: 'ok', status: '2xx', count: requests }] }),
  });

describe('the change between two documents', () => {
  it('is rates over the time between, by status class and cause', () => {
    const older = statusDocument({
      clockMs: 1000,
      totals: totals({
        requests: 100,
        failed: 2,
        outcomes: [
          { cause: 'ok', status: '2xx', count: 98 },
          { cause: 'upstream.connect.refused', status: '5xx', count: 2 },
        ],
        duration: { bounds: BOUNDS, counts: [100, 0, 0, 0, 0], sumSeconds: 0.05 },
        responseBytes: 1000,
      }),
    });
    const newer = statusDocument({
      clockMs: 3000,
      totals: totals({
        requests: 140,
        failed: 12,
        outcomes: [
          { cause: 'ok', status: '2xx', count: 128 },
          { cause: 'upstream.connect.refused', status: '5xx', count: 12 },
        ],
        duration: { bounds: BOUNDS, counts: [100, 20, 20, 0, 0], sumSeconds: 2 },
        responseBytes: 5000,
      }),
    });
    expect(changeBetween(older, newer)).toEqual({
      seconds: 2,
      requests: 40,
      failed: 10,
      requestsPerSecond: 20,
      byClass: { '2xx': 15, '5xx': 5 },
      outcomes: [
        { cause: 'ok', status: '2xx', count: 30 },
        { cause: 'upstream.connect.refused', status: '5xx', count: 10 },
      ],
      latency: {
        p50: expect.closeTo(0.01, 6) as number,
        p90: expect.closeTo(0.082, 6) as number,
        p99: expect.closeTo(0.0982, 6) as number,
      },
      requestBytesPerSecond: 0,
      responseBytesPerSecond: 2000,
    });
  });

  it('leaves out what did not occur, and has no latency without a request', () => {
    expect(changeBetween(at(1000, 5), at(2000, 5))).toMatchObject({
      requests: 0,
      outcomes: [],
      byClass: {},
      latency: undefined,
    });
  });

  it('is none of two instances, nor of no time', () => {
    expect(changeBetween(at(1000, 5), at(2000, 5, '2026-01-01T00:00:30.000Z'))).toBeUndefined();
    expect(changeBetween(at(1000, 5), at(1000, 5))).toBeUndefined();
  });
});

describe('a quantile of buckets', () => {
  it('lies inside the bucket that holds its rank', () => {
    const duration = { bounds: BOUNDS, counts: [0, 10, 0, 0, 0], sumSeconds: 0 };
    expect(quantile(duration, 0.5)).toBeCloseTo(0.0055, 9);
    expect(quantile(duration, 1)).toBeCloseTo(0.01, 9);
  });

  it('is beyond all bounds where the rank is', () => {
    expect(quantile({ bounds: BOUNDS, counts: [1, 0, 0, 0, 99], sumSeconds: 0 }, 0.5)).toBe(Infinity);
  });
});

describe('the history', () => {
  it('answers over the newest seconds, a late poll included', () => {
    const history = new StatusHistory(300);
    for (const second of [0, 1, 2, 3, 4]) history.add(at(second * 1040, second * 10));
    expect(history.over(2)).toMatchObject({ requests: 20 });
    expect(history.over(60)).toMatchObject({ requests: 40 });
    expect(history.latest()).toMatchObject({ requests: 10 });
  });

  it('knows no change from one document, however often it is given', () => {
    const history = new StatusHistory(300);
    history.add(at(1000, 5));
    history.add(at(1000, 5));
    expect([history.latest(), history.over(10)]).toEqual([undefined, undefined]);
  });

  it('forgets what is older than its span, and everything at a new start of the instance', () => {
    const history = new StatusHistory(10);
    for (let second = 0; second <= 100; second += 1) history.add(at(second * 1000, second));
    expect(history.over(1000)).toMatchObject({ seconds: 10, requests: 10 });
    expect(history.add(at(500, 1, '2026-01-01T00:02:00.000Z'))).toBe(true);
    expect(history.over(1000)).toBeUndefined();
  });
});
