/** Owns the step from checks and ejection as written to those as used. */
import type {
  HealthCheckConfig,
  HealthProbeConfig,
  OutlierEjectionConfig,
} from '../../contracts/upstream-config.js';
import type { HealthCheckDocument, OutlierEjectionDocument } from '../schema/upstream/health-schema.js';

const DEFAULT_TIMEOUT_MS = 2000;

export function compileHealthCheck(check: HealthCheckDocument | undefined): HealthCheckConfig | undefined {
  if (check === undefined) return undefined;
  return {
    probe: probeOf(check),
    intervalMs: check.interval,
    timeoutMs: check.timeout ?? Math.min(DEFAULT_TIMEOUT_MS, check.interval),
    jitter: check.jitter,
    healthyThreshold: check.healthyThreshold,
    unhealthyThreshold: check.unhealthyThreshold,
    port: check.port,
  };
}

function probeOf({ http, grpc }: HealthCheckDocument): HealthProbeConfig {
  if (http !== undefined) return { kind: 'http', ...http, host: http.host };
  return grpc === undefined ? { kind: 'tcp' } : { kind: 'grpc', service: grpc.service };
}

export function compileEjection(
  ejection: OutlierEjectionDocument | undefined,
): OutlierEjectionConfig | undefined {
  if (ejection === undefined) return undefined;
  const { consecutive5xx, baseTime, maxTime, maxEjected } = ejection;
  return { consecutive5xx, baseMs: baseTime, maxMs: maxTime, maxEjected };
}
