import type { AdaptiveConcurrencyConfig, UpstreamLimitsConfig } from './upstream-limits.js';

export interface UpstreamConfig {
  readonly name: string;
  readonly endpoints: readonly EndpointConfig[];
  readonly balancer: 'round-robin' | 'least-request';
  /** TCP and TLS together. */
  readonly connectTimeoutMs: number;
  readonly tls: UpstreamTlsConfig;
  readonly pool: PoolConfig;
  readonly retryBudget: RetryBudgetConfig;
  readonly limits: UpstreamLimitsConfig;
  /** undefined: off. */
  readonly adaptiveConcurrency: AdaptiveConcurrencyConfig | undefined;
}

/** Of one upstream in one worker. */
export interface RetryBudgetConfig {
  /** Retries that may run at once, as a share of the requests that run, from 0 to 1. */
  readonly share: number;
  /** So many may run however few requests do. */
  readonly minConcurrent: number;
}

export interface EndpointConfig {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

export interface UpstreamTlsConfig {
  readonly verify: boolean;
  /** Trust anchors in place of the system's, PEM; undefined for the system's. */
  readonly caPem: string | undefined;
  /** SNI and name to verify; undefined for the endpoint's host. */
  readonly serverName: string | undefined;
}

/** Limits of one endpoint in one worker. */
export interface PoolConfig {
  readonly maxConnections: number;
  readonly maxIdle: number;
  readonly idleTimeoutMs: number;
  /** Exchanges that may wait for a connection when `maxConnections` are in use. */
  readonly maxPending: number;
  /** Exchanges that run on the endpoint at once; undefined for no limit but that of the connections. */
  readonly maxRequests: number | undefined;
  /** How long exchanges wait for a connection. */
  readonly pendingTimeoutMs: number;
}
