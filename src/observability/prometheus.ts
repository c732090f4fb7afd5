/** Owns how metrics are written: the text exposition format 0.0.4 of Prometheus, and OpenMetrics 1.0. */
import { DURATION_BUCKETS_SECONDS } from './metric-catalogue.js';
import type { MetricFamily } from './metric-catalogue.js';
import type { Exposition } from './exposition.js';
import type { Exemplar, HistogramSample, MetricsSnapshot, Sample } from './metrics-snapshot.js';

/** A family with the labels it is rendered with. */
export type RenderedFamily = MetricFamily;

/** Renders the families in the order given; one without samples keeps its HELP and TYPE lines. */
export const renderPrometheus = (
  families: readonly RenderedFamily[],
  metrics: MetricsSnapshot,
  format: Exposition = 'prometheus',
): string => {
  const syntax = SYNTAX[format];
  return families.map((family) => renderFamily(family, metrics, syntax)).join('') + syntax.end;
};

/** Where the two formats differ. */
interface Syntax {
  /** The name of a family in its HELP and TYPE. */
  family(name: string): string;
  helpText(help: string): string;
  bound(bound: number): string;
  exemplar(exemplar: Exemplar | null | undefined): string;
  readonly end: string;
}

const SYNTAX: Readonly<Record<Exposition, Syntax>> = {
  prometheus: {
    family: (name) => name,
    helpText: (help) => escapeHelp(help),
    bound: String,
    exemplar: () => '',
    end: '',
  },
  openmetrics: {
    family: (name) => name.replace(/_total$/, ''),
    helpText: (help) => escapeLabel(help),
    // "Considerations: canonical numbers": 1.0, not 1.
    bound: (bound) => (Number.isInteger(bound) ? `${bound}.0` : String(bound)),
    exemplar: (exemplar) => {
      if (exemplar === null || exemplar === undefined) return '';
      const [traceId, value, atSeconds] = exemplar;
      return ` # {trace_id="${traceId}"} ${renderNumber(value)} ${atSeconds.toFixed(3)}`;
    },
    end: '# EOF\n',
  },
};

const renderFamily = (family: RenderedFamily, metrics: MetricsSnapshot, syntax: Syntax): string => {
  const name = syntax.family(family.name);
  const header = `# HELP ${name} ${syntax.helpText(family.help)}\n# TYPE ${name} ${family.kind}\n`;
  if (family.kind === 'histogram') {
    const samples = metrics.histograms[family.name] ?? [];
    return header + samples.map((sample) => renderHistogram(family, sample, syntax)).join('');
  }
  const samples = (family.kind === 'counter' ? metrics.counters : metrics.gauges)[family.name] ?? [];
  return header + samples.map((sample) => renderSample(family, sample)).join('');
};

const renderSample = ({ name, labels }: RenderedFamily, [values, value]: Sample): string =>
  `${name}${renderLabels(labels, values)} ${renderNumber(value)}\n`;

const renderHistogram = (
  { name, labels, buckets: bounds = DURATION_BUCKETS_SECONDS }: RenderedFamily,
  [values, counts, sum, exemplars]: HistogramSample,
  syntax: Syntax,
): string => {
  let cumulative = 0;
  const buckets = counts.map((count, index) => {
    cumulative += count;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : syntax.bound(bound);
    return `${name}_bucket${renderLabels([...labels, 'le'], [...values, le])} ${cumulative}${syntax.exemplar(exemplars?.[index])}\n`;
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
