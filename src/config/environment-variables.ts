/** Owns the list of variables that Torus reads by itself, with what each one does beside a configuration file. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly default: string;
  readonly description: string;
  /** When it counts while there is a configuration file. */
  readonly withFile: 'never' | 'without listeners' | 'wins over the file' | 'where the file is silent';
}

/** Every variable that Torus reads by itself, for the documentation. */
export const ENVIRONMENT_VARIABLES: readonly EnvironmentVariable[] = [
  {
    name: 'JWT_SECRET',
    default: 'required',
    withFile: 'never',
    description: 'Secret of the one route (HS256). In a file, refer to it as `${JWT_SECRET}`.',
  },
  {
    name: 'TORUS_UPSTREAM',
    default: 'none',
    withFile: 'never',
    description: 'URL of the one upstream. Without it Torus starts and answers 503.',
  },
  {
    name: 'HOST',
    default: '0.0.0.0',
    withFile: 'without listeners',
    description: 'Address that the HTTPS listener binds.',
  },
  {
    name: 'PORT',
    default: '8443',
    withFile: 'without listeners',
    description: 'Port of the HTTPS listener; 0 lets the system choose.',
  },
  {
    name: 'CERT_FILE',
    default: 'certs/cert.pem',
    withFile: 'without listeners',
    description: 'Certificate of the HTTPS listener (PEM), relative to the working directory.',
  },
  {
    name: 'KEY_FILE',
    default: 'certs/key.pem',
    withFile: 'without listeners',
    description: 'Private key of that certificate (PEM), relative to the working directory.',
  },
  {
    name: 'TORUS_WORKERS',
    default: 'auto',
    withFile: 'wins over the file',
    description: '`workers`. `WORKERS` is read when it is not set.',
  },
  {
    name: 'WORKERS',
    default: 'auto',
    withFile: 'wins over the file',
    description: '`workers`, when TORUS_WORKERS is not set.',
  },
  {
    name: 'TORUS_ACCEPT',
    default: 'shared',
    withFile: 'wins over the file',
    description: '`accept`: `shared`, `round-robin` or `reuse-port`.',
  },
  { name: 'LOG_LEVEL', default: 'info', withFile: 'wins over the file', description: '`log.level`.' },
  {
    name: 'TORUS_ACCESS_LOG',
    default: 'on',
    withFile: 'wins over the file',
    description: '`log.access`: `on` or `off`.',
  },
  {
    name: 'TORUS_LOG_FORMAT',
    default: 'json',
    withFile: 'wins over the file',
    description: '`log.format`: `json` or `pretty`.',
  },
  {
    name: 'TORUS_ADMIN',
    default: '127.0.0.1:9901',
    withFile: 'wins over the file',
    description: '`admin.address`, or `off`.',
  },
  {
    name: 'ADMIN_PORT',
    default: '9901',
    withFile: 'wins over the file',
    description: 'Port of the admin API on 127.0.0.1, or `off`, when TORUS_ADMIN is not set.',
  },
  {
    name: 'TORUS_SHUTDOWN_DELAY',
    default: '0s',
    withFile: 'wins over the file',
    description: '`shutdown.delay`.',
  },
  {
    name: 'TORUS_SHUTDOWN_TIMEOUT',
    default: '10s',
    withFile: 'wins over the file',
    description: '`shutdown.timeout`.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    default: 'none',
    withFile: 'where the file is silent',
    description:
      'Base URL of an OpenTelemetry collector (OTLP over HTTP): turns `tracing` on, and is its `endpoint` with `/v1/traces`.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    default: 'none',
    withFile: 'where the file is silent',
    description: 'The same as a whole URL, taken as it is. Goes before it.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    default: 'none',
    withFile: 'where the file is silent',
    description:
      '`tracing.headers`, as `name=value,name=value`. OTEL_EXPORTER_OTLP_TRACES_HEADERS goes before it.',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TIMEOUT',
    default: '10000',
    withFile: 'where the file is silent',
    description: '`tracing.timeout` in milliseconds. OTEL_EXPORTER_OTLP_TRACES_TIMEOUT goes before it.',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    default: 'torus',
    withFile: 'where the file is silent',
    description: '`tracing.serviceName`.',
  },
  {
    name: 'OTEL_RESOURCE_ATTRIBUTES',
    default: 'none',
    withFile: 'where the file is silent',
    description: '`tracing.attributes`, as `name=value,name=value`.',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    default: 'none',
    withFile: 'where the file is silent',
    description:
      '`tracing.sampling`: `always_on`, `always_off` or `traceidratio` with the share in OTEL_TRACES_SAMPLER_ARG; `parentbased_` before them changes nothing.',
  },
  {
    name: 'OTEL_TRACES_EXPORTER',
    default: 'otlp',
    withFile: 'where the file is silent',
    description: '`none`: the variables above do not turn tracing on.',
  },
  {
    name: 'OTEL_SDK_DISABLED',
    default: 'false',
    withFile: 'wins over the file',
    description: '`true` turns tracing off, whatever the file says.',
  },
];
