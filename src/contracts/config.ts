import type { OverloadConfig } from './overload.js';
import type { RouteConfig } from './route-config.js';
import type { TracingConfig } from './tracing-config.js';
import type { UpstreamConfig } from './upstream-config.js';

export type * from './balancing-config.js';
export type * from './filter-config.js';
export type * from './retry-config.js';
export type * from './route-config.js';
export type * from './tracing-config.js';
export type * from './upstream-config.js';
export type { AdaptiveConcurrencyConfig, UpstreamLimitsConfig } from './upstream-limits.js';

/**
 * The validated configuration. Everything is parsed: durations are milliseconds (`...Ms`), sizes are bytes (`...Bytes`),
 * addresses are host and port, files are read. Plain data: it crosses the IPC channel to the workers as it is.
 */
export interface ConfigSnapshot {
  /** Grows with each accepted configuration of an instance. */
  readonly version: number;
  /** How many workers, or the fewest; already resolved from `auto`. */
  readonly workers: number;
  /** Up to how many, and when; undefined where their number is fixed. */
  readonly scaling: ScalingConfig | undefined;
  /** Already resolved to what this Node and this system can do. */
  readonly accept: AcceptMode;
  readonly listeners: readonly ListenerConfig[];
  readonly tls: TlsConfig;
  readonly admin: AdminConfig | undefined;
  readonly shutdown: ShutdownConfig;
  /** Reload when one of the files behind the configuration changes. */
  readonly watch: boolean;
  readonly supervisor: SupervisorConfig;
  readonly log: LogConfig;
  readonly metrics?: MetricsConfig | undefined;
  /** undefined: no exchange is recorded, and trace contexts pass through as they are. */
  readonly tracing?: TracingConfig | undefined;
  /** CIDRs whose X-Forwarded-*, Forwarded and X-Request-Id are believed. */
  readonly trustedProxies: readonly string[];
  readonly forwarded: ForwardedConfig;
  /** CIDRs of the clients that are told in `x-torus-trace` what became of their request, if they ask. */
  readonly traceFrom?: readonly string[];
  /** Downstream connections a worker may hold at once; resolved against the fd limit at start. */
  readonly maxConnectionsPerWorker: number;
  readonly overload: OverloadConfig;
  readonly upstreams: readonly UpstreamConfig[];
  readonly routes: readonly RouteConfig[];
  /** What of it somebody wrote down; undefined when nobody knows. For people who ask where a value is from. */
  readonly written?: WrittenKeys | undefined;
}

/** Keys such as `timeouts.request` that stand in the configuration, by the name of what they belong to. */
export interface WrittenKeys {
  readonly listeners: Readonly<Record<string, readonly string[]>>;
  readonly routes: Readonly<Record<string, readonly string[]>>;
  readonly upstreams: Readonly<Record<string, readonly string[]>>;
}

/**
 * How new connections reach the workers. `shared`: all accept from one socket; `round-robin`: the primary accepts and hands
 * out; `reuse-port`: each worker has a socket of its own at the same address, and the kernel chooses by the client's.
 */
export type AcceptMode = 'shared' | 'round-robin' | 'reuse-port';

/** What all TLS listeners of the instance have in common. */
export interface TlsConfig {
  /** The keys of session tickets are replaced this often. */
  readonly ticketKeyRotationMs: number;
}

export interface ListenerConfig {
  readonly name: string;
  readonly host: string;
  /** 0 lets the system choose; the chosen port is logged. */
  readonly port: number;
  readonly tls: ListenerTlsConfig | undefined;
  /** Over TLS the client chooses by ALPN, otherwise by its first bytes. */
  readonly protocols: readonly ListenerProtocol[];
  readonly limits: ListenerLimits;
  readonly http2: Http2Config;
  readonly timeouts: ListenerTimeouts;
  /** Connections of some peers begin with a PROXY header that names the client; undefined: of none. */
  readonly proxyProtocol: ListenerProxyProtocol | undefined;
}

export interface ListenerProxyProtocol {
  /** CIDRs of the peers that must send the header. Nobody else's is read. */
  readonly from: readonly string[];
  /** From the connection to the end of the header. */
  readonly timeoutMs: number;
}

export type ListenerProtocol = 'http1' | 'http2';

/** Limits that only HTTP/2 connections have. */
export interface Http2Config {
  readonly maxConcurrentStreams: number;
  /** What a client may send of one request body before Torus has passed it on. */
  readonly streamWindowBytes: number;
  /** The same for all streams of a connection together, until Torus has read it. */
  readonly connectionWindowBytes: number;
}

export interface ListenerTlsConfig {
  /** The first one is the default; the others are chosen by SNI. PEM text, already read and checked to fit. */
  readonly certificates: readonly CertificateConfig[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Clients may resume a session; otherwise every connection is a full handshake. */
  readonly sessionTickets: boolean;
}

export interface CertificateConfig {
  readonly certPem: string;
  readonly keyPem: string;
  readonly certFile: string;
}

export interface ListenerLimits {
  readonly requestLineBytes: number;
  readonly headBytes: number;
  readonly headerCount: number;
  readonly requestsPerConnection: number;
  readonly connectionAgeMs: number;
  /** Slowest a request body may arrive once it has used up its gap; 0 for no limit. */
  readonly bodyBytesPerSecond: number;
  /** Field names with an underscore are dropped unless this is set. */
  readonly allowUnderscores: boolean;
}

export interface ListenerTimeouts {
  /** Absolute: from the connection (or the first byte of a later request) to the end of the head. */
  readonly requestHeadMs: number;
  /** Longest gap between two reads of a request body. */
  readonly bodyGapMs: number;
  /** Longest time a piece of a response may wait until the kernel has taken all of it. */
  readonly writeGapMs: number;
  readonly keepAliveMs: number;
  readonly tlsHandshakeMs: number;
}

export interface AdminConfig {
  readonly host: string;
  readonly port: number;
  /** Absolute path of a unix socket, in place of host and port. */
  readonly socketPath: string | undefined;
  /** What operators send as `Authorization: Bearer`; undefined for none. */
  readonly token: string | undefined;
  /** Undefined for plain HTTP. */
  readonly tls: CertificateConfig | undefined;
  /** Nobody asked for this port: when it is taken, any free one will do. */
  readonly mayMove: boolean;
}

export interface ShutdownConfig {
  /** Readiness fails, but connections are still taken, for this long. */
  readonly delayMs: number;
  /** Running exchanges may take this long to end before they are cut. */
  readonly timeoutMs: number;
}

export interface SupervisorConfig {
  /** A worker that answered no heartbeat for this long is killed and replaced. 0 turns it off. */
  readonly heartbeatTimeoutMs: number;
  /** A worker must be ready this long after its fork. */
  readonly startTimeoutMs: number;
  /** First and longest delay between forks of a worker that keeps crashing. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** A worker whose place another one has taken may take this long to end what it has. */
  readonly drainTimeoutMs: number;
  readonly recycle: RecycleConfig;
}

/** When workers are replaced by new ones; undefined: never. */
export interface RecycleConfig {
  readonly maxAgeMs: number | undefined;
  /** Resident memory. */
  readonly maxMemoryBytes: number | undefined;
}

/** When there is one worker more or less. Limits are means over the workers. */
export interface ScalingConfig {
  readonly max: number;
  /** Client connections of a worker. */
  readonly sockets: number;
  /** Of the heap limit, 0 to 1. */
  readonly heapShare: number;
  /** Event loop delay, 99th percentile. */
  readonly loopDelayMs: number;
  readonly intervalMs: number;
  readonly upAfterMs: number;
  readonly downAfterMs: number;
  readonly cooldownMs: number;
}

export interface MetricsConfig {
  /** Durations name the trace of a request that took that long. */
  readonly exemplars: boolean;
}

export interface LogConfig {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** undefined: no access log. */
  readonly access: AccessLogConfig | undefined;
  /** Human-readable lines instead of JSON. */
  readonly pretty: boolean;
}

export interface AccessLogConfig {
  readonly format: 'json' | 'common' | 'combined';
  /** Further members of JSON lines: name -> where the value is from. */
  readonly fields: Readonly<Record<string, AccessLogSource>>;
  /** Share of the requests that ended well, 0 to 1; all others are written. */
  readonly sample: number;
  /** Absolute path; undefined for standard output. */
  readonly file: string | undefined;
}

/** A request field, lower case, or a claim of the identity that a filter has verified. */
export interface AccessLogSource {
  readonly kind: 'header' | 'claim';
  readonly name: string;
}

export interface ForwardedConfig {
  /** Which fields tell the upstream about the client. */
  readonly style: 'x-forwarded' | 'forwarded' | 'both' | 'none';
  /** Pseudonym in Via (RFC 9110 section 7.6.3); empty for none. */
  readonly via: string;
  readonly requestIdField: string;
}

/** Where a listener ended up. */
export interface BoundListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** One thing wrong with a configuration, located. */
export interface ConfigProblem {
  /** `routes[0].match.path`. */
  readonly path: string;
  readonly message: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** Warnings do not stop the start (a certificate that has expired, a short secret). */
  readonly severity: 'error' | 'warning';
}
