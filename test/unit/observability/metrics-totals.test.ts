import { MetricsTotals } from '../../../src/observability/metrics-totals.js';
import { PairCounters, TripleCounters } from '../../../src/observability/label-tree.js';

const counts = (requests: number, open = 1) => ({
  counters: { torus_http_requests_total: [[['r', 'GET', '200', 'ok'], requests] as const] },
  gauges: { torus_sockets_open: [[['downstream', 'edge'], open] as const] },
  histograms: { torus_http_request_duration_seconds: [[['r'], [requests, 0], requests] as const] },
});
const requestsOf = (totals: MetricsTotals) => totals.read().counters['torus_http_requests_total']?.[0]?.[1];

describe('MetricsTotals', () => {
  it('never goes back when a worker dies and its replacement counts from zero', () => {
    const totals = new MetricsTotals();
    totals.update(1, counts(10));
    totals.update(2, counts(5));
    totals.retire(1);
    expect(requestsOf(totals)).toBe(15);
    totals.update(1, counts(1));
    expect(requestsOf(totals)).toBe(16);
    totals.retire(1);
    totals.retire(1);
    expect(requestsOf(totals)).toBe(16);
  });
  it('keeps histograms of the dead and drops their gauges', () => {
    const totals = new MetricsTotals();
    totals.update(1, counts(10, 7));
    totals.update(2, counts(5, 2));
    totals.retire(1);
    expect(totals.read().histograms['torus_http_request_duration_seconds']).toEqual([[['r'], [15, 0], 15]]);
    expect(totals.read().gauges['torus_sockets_open']).toEqual([[['downstream', 'edge'], 2]]);
  });
  it('closes the sockets of the dead in the ledger, as lost', () => {
    const totals = new MetricsTotals();
    totals.update(1, counts(10, 7));
    totals.update(2, counts(5, 0));
    totals.retire(1);
    totals.retire(2);
    expect(totals.read().counters['torus_sockets_closed_total']).toEqual([
      [['downstream', 'edge', 'worker-gone'], 7],
    ]);
  });
  it('copies requests and sockets per worker', () => {
    const totals = new MetricsTotals();
    totals.update(2, counts(5, 3));
    expect(totals.read().counters['torus_worker_requests_total']).toEqual([[['2'], 5]]);
    expect(totals.read().gauges['torus_worker_sockets_open']).toContainEqual([['2', 'downstream'], 3]);
  });
});

describe('PairCounters', () => {
  it('counts labels past its bound together', () => {
    const counters = new PairCounters({ left: 2 });
    for (const label of ['a', 'b', 'c', 'd']) counters.add('x', label, 1);
    expect(counters.cells()).toContainEqual({ labels: ['x', 'other'], value: 2 });
    expect(counters.cells()).toHaveLength(3);
  });
});

describe('TripleCounters', () => {
  it('gives every first label its series, as long as the family has any left', () => {
    const counters = new TripleCounters({ left: 60 });
    for (let upstream = 0; upstream < 50; upstream += 1) counters.add(`u${String(upstream)}`, 'a', 'reset');
    for (const endpoint of Array.from({ length: 20 }, (_, at) => String(at)))
      counters.add('u0', endpoint, 'reset');
    counters.add('late', 'a', 'reset');
    counters.add('later', 'a', 'reset');
    const cells = counters.cells();
    expect(cells.filter(({ labels: [upstream] }) => upstream === 'u49')).toHaveLength(1);
    expect(cells).toContainEqual({ labels: ['u0', 'other', 'other'], value: 10 });
    expect(cells).toContainEqual({ labels: ['other', 'other', 'other'], value: 2 });
    expect(cells).toHaveLength(62);
  });
});
