import { expositionFor } from '../../../src/observability/exposition.js';
import { DURATION_BUCKETS_SECONDS } from '../../../src/observability/metric-catalogue.js';
import { MetricsTotals } from '../../../src/observability/metrics-totals.js';
import type { Exemplar, MetricsSnapshot } from '../../../src/observability/metrics-snapshot.js';
import { renderPrometheus } from '../../../src/observability/prometheus.js';

const OPENMETRICS = 'application/openmetrics-text';

describe('expositionFor', () => {
  it.each([
    [OPENMETRICS, 'openmetrics'],
    [`${OPENMETRICS};version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1`, 'openmetrics'],
    [`text/plain;q=0.5, ${OPENMETRICS.toUpperCase()};q=0.5`, 'openmetrics'],
    [`text/plain, ${OPENMETRICS};q=0.9`, 'prometheus'],
    [`${OPENMETRICS};q=0`, 'prometheus'],
    [`${OPENMETRICS};q=nonsense`, 'prometheus'],
    ['application/*', 'prometheus'],
    ['*/*', 'prometheus'],
    ['', 'prometheus'],
  ])('answers Accept: %s in %s', (accept, format) => {
    expect(expositionFor(accept)).toBe(format);
  });
});

describe('exemplars', () => {
  const buckets = DURATION_BUCKETS_SECONDS.map(() => 0).concat(0);
  const FAMILY = 'torus_http_request_duration_seconds';
  const snapshot = (exemplars: (Exemplar | null)[] | undefined): MetricsSnapshot => ({
    counters: {},
    gauges: {},
    histograms: { [FAMILY]: [[['all'], buckets, 0, exemplars]] },
  });
  const at = (seconds: number, traceId: string): (Exemplar | null)[] => [
    [traceId, 0.0005, seconds],
    ...buckets.slice(1).map(() => null),
  ];

  it('are those of the worker that has the newest, also after another is gone', () => {
    const totals = new MetricsTotals();
    // As they come out of the IPC channel, where undefined has become null.
    const update = (slot: number, metrics: MetricsSnapshot): void =>
      totals.update(slot, JSON.parse(JSON.stringify(metrics)) as MetricsSnapshot);
    update(1, snapshot(at(100, 'older')));
    update(2, snapshot(at(200, 'newer')));
    update(3, snapshot(undefined));
    update(4, snapshot(undefined));
    totals.retire(2);
    expect(totals.read().histograms[FAMILY]?.[0]?.[3]?.[0]).toEqual(['newer', 0.0005, 200]);
  });

  it('stand behind their bucket in OpenMetrics, and nowhere in the format of Prometheus', () => {
    const family = { name: FAMILY, kind: 'histogram', help: 'h', labels: ['route'] } as const;
    const metrics = snapshot(at(100.5, 'abc'));
    const text = renderPrometheus([family], metrics, 'openmetrics');
    expect(text).toContain('le="0.001"} 0 # {trace_id="abc"} 0.0005 100.500\n');
    expect(text).toContain('le="1.0"} 0\n');
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(renderPrometheus([family], metrics)).not.toContain('abc');
  });
});
