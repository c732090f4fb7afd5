import type { AdaptiveConcurrencyConfig, UpstreamLimitsConfig } from './upstream-limits.js';
import type { BalancerConfig, SlowStartConfig, StickyConfig } from './balancing-config.js';

export interface UpstreamConfig {
  readonly name: string;
  /** As configured; empty when they are discovered. */
  readonly endpoints: readonly EndpointConfig[];
  /** Where the endpoints come from; undefined when they are configured. */
  readonly discovery: DiscoveryConfig | undefined;
  readonly healthCheck: HealthCheckConfig | undefined;
  readonly outlierEjection: OutlierEjectionConfig | undefined;
  /** Share of available endpoints, 0 to 1, below which all of them are used; 0 for never. */
  readonly panicThreshold: number;
  readonly balancer: BalancerConfig;
  /** undefined: no client comes back to the endpoint it had. */
  readonly sticky: StickyConfig | undefined;
  /** undefined: every endpoint has its full weight at once. */
  readonly slowStart: SlowStartConfig | undefined;
  /** TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** What is spoken: `http2` by ALPN over https and by prior knowledge over http; `auto` leaves it to https endpoints. */
  readonly protocol: 'http1' | 'http2' | 'auto';
  readonly http2: UpstreamHttp2Config;
  readonly tls: UpstreamTlsConfig;
  readonly pool: PoolConfig;
  readonly retryBudget: RetryBudgetConfig;
  readonly limits: UpstreamLimitsConfig;
  /** undefined: off. */
  readonly adaptiveConcurrency: AdaptiveConcurrencyConfig | undefined;
  /** Connections begin with a PROXY header of this version, before TLS; undefined for none. */
  readonly proxyProtocol?: 'v1' | 'v2' | undefined;
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
  /** The name that it was found under: for SNI, verification and Host. Undefined where that is the host itself. */
  readonly hostname?: string;
}

/** Endpoints that are not written in the configuration but found. */
export type DiscoveryConfig =
  | {
      readonly kind: 'dns';
      readonly name: string;
      readonly records: 'A' | 'AAAA' | 'both' | 'SRV';
      readonly scheme: 'http' | 'https';
      /** Of every endpoint; for SRV the records say it. */
      readonly port: number;
      /** `address` or `address:port`; empty for those of the system. */
      readonly servers: readonly string[];
      readonly timeoutMs: number;
      readonly minTtlMs: number;
      readonly maxTtlMs: number;
      /** How long endpoints outlive an answer that there are none. */
      readonly keepOnEmptyMs: number;
    }
  | {
      readonly kind: 'file';
      /** Absolute. */
      readonly file: string;
      /** As shown to people. */
      readonly shown: string;
    };

export interface HealthCheckConfig {
  readonly probe: HealthProbeConfig;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Share of the interval, 0 to 1, by which it is lengthened or shortened at random. */
  readonly jitter: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Where to check, if not at the endpoint's own port. */
  readonly port: number | undefined;
}

export type HealthProbeConfig =
  | {
      readonly kind: 'http';
      readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST';
      readonly path: string;
      readonly host: string | undefined;
      /** Ranges of statuses, both ends included. */
      readonly expect: readonly (readonly [from: number, to: number])[];
    }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'grpc'; readonly service: string };

export interface OutlierEjectionConfig {
  /** Failures in a row. */
  readonly consecutive5xx: number;
  /** The n-th ejection lasts n times the base, and at most the maximum. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Share of the endpoints, 0 to 1, that may be ejected at once; one always may. */
  readonly maxEjected: number;
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

/** Of each HTTP/2 connection to an endpoint. */
export interface UpstreamHttp2Config {
  /** Exchanges on one connection, where the endpoint does not allow fewer. */
  readonly maxConcurrentStreams: number;
  /** Bytes of one response that may come before the client has taken them. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Silence, while exchanges run, after which the endpoint is asked for a sign of life; 0 for never. */
  readonly pingIntervalMs: number;
  /** How long that may take. */
  readonly pingTimeoutMs: number;
}
