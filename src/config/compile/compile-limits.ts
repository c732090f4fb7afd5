/** Owns the step from the limits of an upstream as written to limits as kept. */
import type { AdaptiveConcurrencyConfig, UpstreamLimitsConfig } from '../../contracts/config.js';
import type { AdaptiveConcurrencyDocument, LimitsDocument } from '../schema/upstream/limits-schema.js';

export function compileLimits(limits: LimitsDocument): UpstreamLimitsConfig {
  return {
    maxRequests: limits.maxRequests,
    maxConnections: limits.maxConnections,
    maxPending: limits.maxPending,
    pendingTimeoutMs: limits.pendingTimeout,
  };
}

export function compileAdaptiveConcurrency(
  adaptive: AdaptiveConcurrencyDocument,
): AdaptiveConcurrencyConfig | undefined {
  if (adaptive === undefined) return undefined;
  const { min, max, initial } = adaptive;
  return {
    ...{ min, max, initial },
    sampleWindowMs: adaptive.sampleWindow,
    minRttIntervalMs: adaptive.minRttInterval,
    jitter: adaptive.jitter / 100,
    tolerance: adaptive.tolerance / 100,
  };
}
