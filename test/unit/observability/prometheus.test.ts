import { DURATION_BUCKETS_SECONDS } from '../../../src/observability/metric-catalogue.js';
import { renderPrometheus } from '../../../src/observability/prometheus.js';

const empty = { counters: {}, gauges: {}, histograms: {} };

describe('renderPrometheus', () => {
  it('escapes label values and help', () => {
    const family = { name: 'a_total', kind: 'counter', help: 'one\\two\nthree', labels: ['l'] } as const;
    const text = renderPrometheus([family], { ...empty, counters: { a_total: [[['x"y\\z\n'], 1]] } });
    expect(text).toBe(
      '# HELP a_total one\\\\two\\nthree\n# TYPE a_total counter\na_total{l="x\\"y\\\\z\\n"} 1\n',
    );
  });
  it('renders histograms with cumulative buckets that end at +Inf', () => {
    const family = { name: 'd', kind: 'histogram', help: 'h', labels: ['route'] } as const;
    const buckets = [2, ...DURATION_BUCKETS_SECONDS.slice(1).map(() => 0), 3];
    const text = renderPrometheus([family], { ...empty, histograms: { d: [[['r'], buckets, 1.5]] } });
    expect(text).toContain('d_bucket{route="r",le="0.001"} 2\n');
    expect(text).toContain('d_bucket{route="r",le="+Inf"} 5\n');
    expect(text).toContain('d_sum{route="r"} 1.5\nd_count{route="r"} 5\n');
  });
});
