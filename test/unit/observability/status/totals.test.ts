/** What the counts of the workers come to. */
import { DURATION_BUCKETS_SECONDS } from '../../../../src/observability/metric-catalogue.js';
import { isError, isFailure, totalsOf } from '../../../../src/observability/status/totals.js';

const buckets = (first: number): number[] => [first, ...DURATION_BUCKETS_SECONDS.map(() => 0)];

describe('the totals', () => {
  it('sum over routes and methods, by status class and cause, with requests that were refused by their head', () => {
    const totals = totalsOf({
      counters: {
        torus_http_requests_total: [
          [['users', 'GET', '200', 'ok'], 5],
          [['orders', 'POST', '201', 'ok'], 3],
          [['orders', 'GET', '503', 'ok'], 1],
          [['orders', 'GET', '502', 'upstream.connect.refused'], 2],
          [['orders', 'GET', '0', 'downstream.wait.aborted'], 4],
        ],
        torus_rejected_requests_total: [[['edge', '400', 'downstream.head.malformed'], 6]],
        torus_http_request_bytes_total: [
          [['users'], 10],
          [['orders'], 20],
        ],
        torus_http_response_bytes_total: [[['users'], 30]],
      },
      gauges: {},
      histograms: {
        torus_http_request_duration_seconds: [
          [['users'], buckets(5), 0.5],
          [['orders'], buckets(7), 1],
        ],
      },
    });
    expect(totals).toMatchObject({ requests: 21, failed: 3, requestBytes: 30, responseBytes: 30 });
    expect(totals.outcomes).toEqual([
      { cause: 'ok', status: '2xx', count: 8 },
      { cause: 'ok', status: '5xx', count: 1 },
      { cause: 'upstream.connect.refused', status: '5xx', count: 2 },
      { cause: 'downstream.wait.aborted', status: 'none', count: 4 },
      { cause: 'downstream.head.malformed', status: '4xx', count: 6 },
    ]);
    expect(totals.duration).toEqual({
      bounds: DURATION_BUCKETS_SECONDS,
      counts: buckets(12),
      sumSeconds: 1.5,
    });
  });

  it.each([
    ['ok', '2xx', false, false],
    ['ok', '5xx', true, true],
    ['upstream.body.reset', '2xx', true, true],
    ['internal.drain.cut', 'none', true, true],
    ['downstream.route.not-found', '4xx', false, true],
    ['downstream.wait.aborted', 'none', false, true],
    ['downstream.filter.redirected', '3xx', false, false],
  ])('of %s with %s: failure %s, error %s', (cause, status, failure, error) => {
    expect([isFailure({ cause, status }), isError({ cause, status })]).toEqual([failure, error]);
  });
});
