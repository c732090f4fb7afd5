/**
 * Owns what the variables of the OpenTelemetry specification (SDK configuration, OTLP exporter) say about `tracing`. They fill in
 * what the configuration does not say; one that names a collector turns tracing on where the configuration says nothing of it.
 */
import { isRecord } from './config-path.js';
import type { ConfigReport } from './config-report.js';
import type { EnvironmentSetting } from './environment.js';
import { TRACES_PATH } from './parse/collector-url.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Of `written`, the whole document, only `tracing` is looked at. */
export function tracingFrom(
  env: Env,
  written: Readonly<Record<string, unknown>>,
  report: ConfigReport,
): readonly EnvironmentSetting[] {
  const tracing = written['tracing'];
  if (isOff(tracing)) return [];
  if (isSet(env['OTEL_SDK_DISABLED']) && env['OTEL_SDK_DISABLED'].toLowerCase() === 'true')
    return tracing === undefined ? [] : [{ path: ['tracing'], value: false, origin: 'OTEL_SDK_DISABLED' }];
  if (tracing === undefined && !turnsOn(env, report)) return [];
  const known = isRecord(tracing) ? tracing : {};
  return settingsOf(env).filter(({ path: [, key = ''] }) => known[key] === undefined);
}

const isOff = (tracing: unknown): boolean => tracing === false || tracing === 'false';
const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

function turnsOn(env: Env, report: ConfigReport): boolean {
  const name = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].find((one) =>
    isSet(env[one]),
  );
  if (name === undefined || env['OTEL_TRACES_EXPORTER'] === 'none') return false;
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol !== 'grpc') return true;
  report.setOrigin(['tracing', 'endpoint'], name);
  report.warn(
    ['tracing', 'endpoint'],
    'is not used: it is meant for OTLP over gRPC, and Torus speaks OTLP over HTTP',
  );
  return false;
}

function settingsOf(env: Env): EnvironmentSetting[] {
  return [
    ...endpointFrom(env),
    ...headersFrom(env),
    ...resourceFrom(env),
    ...samplingFrom(env),
    ...timeoutFrom(env),
  ];
}

function endpointFrom(env: Env): EnvironmentSetting[] {
  const path = ['tracing', 'endpoint'];
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  if (isSet(own)) return [{ path, value: own, origin: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' }];
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!isSet(base)) return [];
  return [
    { path, value: `${base.replace(/\/+$/, '')}${TRACES_PATH}`, origin: 'OTEL_EXPORTER_OTLP_ENDPOINT' },
  ];
}

function headersFrom(env: Env): EnvironmentSetting[] {
  const origin = ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS'].find((name) =>
    isSet(env[name]),
  );
  if (origin === undefined) return [];
  return [{ path: ['tracing', 'headers'], value: pairsIn(env[origin] ?? ''), origin }];
}

/** OTEL_SERVICE_NAME goes before `service.name` among the attributes. */
function resourceFrom(env: Env): EnvironmentSetting[] {
  const attributes = pairsIn(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  const { 'service.name': inAttributes, ...rest } = attributes;
  const name = env['OTEL_SERVICE_NAME'];
  const settings: EnvironmentSetting[] = [];
  if (isSet(name))
    settings.push({ path: ['tracing', 'serviceName'], value: name, origin: 'OTEL_SERVICE_NAME' });
  else if (isSet(inAttributes))
    settings.push({
      path: ['tracing', 'serviceName'],
      value: inAttributes,
      origin: 'OTEL_RESOURCE_ATTRIBUTES',
    });
  if (Object.keys(rest).length > 0)
    settings.push({ path: ['tracing', 'attributes'], value: rest, origin: 'OTEL_RESOURCE_ATTRIBUTES' });
  return settings;
}

/** `parentbased_` or not: how parents are taken is `clientContext`. */
function samplingFrom(env: Env): EnvironmentSetting[] {
  const sampler = env['OTEL_TRACES_SAMPLER']?.replace('parentbased_', '');
  const path = ['tracing', 'sampling'];
  if (sampler === 'always_on') return [{ path, value: '100%', origin: 'OTEL_TRACES_SAMPLER' }];
  if (sampler === 'always_off') return [{ path, value: '0%', origin: 'OTEL_TRACES_SAMPLER' }];
  const argument = env['OTEL_TRACES_SAMPLER_ARG'];
  if (sampler !== 'traceidratio' || !isSet(argument)) return [];
  return [{ path, value: argument, origin: 'OTEL_TRACES_SAMPLER_ARG' }];
}

/** Milliseconds. */
function timeoutFrom(env: Env): EnvironmentSetting[] {
  const origin = ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT'].find((name) =>
    isSet(env[name]),
  );
  return origin === undefined
    ? []
    : [{ path: ['tracing', 'timeout'], value: `${env[origin] ?? ''}ms`, origin }];
}

/** `key=value,key=value`, percent-encoded (W3C Baggage without properties). */
function pairsIn(text: string): Record<string, string> {
  const pairs = text.split(',').flatMap((pair): (readonly [string, string])[] => {
    const equals = pair.indexOf('=');
    return equals < 1 ? [] : [[pair.slice(0, equals).trim(), decoded(pair.slice(equals + 1).trim())]];
  });
  return Object.fromEntries(pairs);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
