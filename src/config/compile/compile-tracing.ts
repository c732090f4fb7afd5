/** Owns the step from `tracing` and `metrics` as written to what is used. */
import type { MetricsConfig } from '../../contracts/config.js';
import type { TracingConfig } from '../../contracts/tracing-config.js';
import type { ConfigDocument } from '../schema/document.js';
import type { CompileContext } from './compile-context.js';

export function compileTracing(tracing: ConfigDocument['tracing']): TracingConfig | undefined {
  if (tracing === undefined) return undefined;
  const { headers, timeout, interval, ...rest } = tracing;
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...rest, headers: Object.fromEntries(lowerCase), timeoutMs: timeout, intervalMs: interval };
}

export function compileMetrics(
  { metrics, tracing }: Pick<ConfigDocument, 'metrics' | 'tracing'>,
  { report }: CompileContext,
): MetricsConfig {
  if (metrics.exemplars && tracing === undefined)
    report.error(['metrics', 'exemplars'], 'names traces, and needs `tracing`');
  return { exemplars: metrics.exemplars };
}
