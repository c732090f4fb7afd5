/** Owns the text exposition format 0.0.4 of Prometheus. */
import { DURATION_BUCKETS_SECONDS } from './metric-catalogue.js';
import type { MetricFamily } from './metric-catalogue.js';
import type { HistogramSample, MetricsSnapshot, Sample } from './metrics-snapshot.js';

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A family with the labels it is rendered with. */
export type RenderedFamily = MetricFamily;

/** Renders the families in the order given; one without samples keeps its HELP and TYPE lines. */
export const renderPrometheus = (families: readonly RenderedFamily[], metrics: MetricsSnapshot): string =>
  families.map((family) => renderFamily(family, metrics)).join('');

const renderFamily = (family: RenderedFamily, metrics: MetricsSnapshot): string => {
  const header = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.kind}\n`;
  if (family.kind === 'histogram') {
    const samples = metrics.histograms[family.name] ?? [];
    return header + samples.map((sample) => renderHistogram(family, sample)).join('');
  }
  const samples = (family.kind === 'counter' ? metrics.counters : metrics.gauges)[family.name] ?? [];
  return header + samples.map((sample) => renderSample(family, sample)).join('');
};

const renderSample = ({ name, labels }: RenderedFamily, [values, value]: Sample): string =>
  `${name}${renderLabels(labels, values)} ${renderNumber(value)}\n`;

const renderHistogram = (
  { name, labels, buckets: bounds = DURATION_BUCKETS_SECONDS }: RenderedFamily,
  [values, counts, sum]: HistogramSample,
): string => {
  let cumulative = 0;
  const buckets = counts.map((count, index) => {
    cumulative += count;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : String(bound);
    return `${name}_bucket${renderLabels([...labels, 'le'], [...values, le])} ${cumulative}\n`;
  });
  const own = renderLabels(labels, values);
  return `${buckets.join('')}${name}_sum${own} ${renderNumber(sum)}\n${name}_count${own} ${cumulative}\n`;
};

const renderLabels = (names: readonly string[], values: readonly string[]): string => {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escapeLabel(values[index] ?? '')}"`).join(',')}}`;
};

const renderNumber = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
};

const escapeLabel = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const escapeHelp = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
