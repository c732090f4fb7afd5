/**
 * The validated configuration. Everything is parsed: durations are milliseconds (`...Ms`), sizes are bytes (`...Bytes`),
 * addresses are host and port, files are read. Plain data: it crosses the IPC channel to the workers as it is.
 */
export interface ConfigSnapshot {
  /** Grows with each accepted configuration of an instance. */
  readonly version: number;
  /** How many workers; already resolved from `auto`. */
  readonly workers: number;
  /** Already resolved to what this Node and this system can do. */
  readonly accept: AcceptMode;
  readonly listeners: readonly ListenerConfig[];
  readonly tls: TlsConfig;
  readonly admin: AdminConfig | undefined;
  readonly shutdown: ShutdownConfig;
  readonly supervisor: SupervisorConfig;
  readonly log: LogConfig;
  /** CIDRs whose X-Forwarded-*, Forwarded and X-Request-Id are believed. */
  readonly trustedProxies: readonly string[];
  readonly forwarded: ForwardedConfig;
  /** Downstream connections a worker may hold at once; resolved against the fd limit at start. */
  readonly maxConnectionsPerWorker: number;
  readonly upstreams: readonly UpstreamConfig[];
  readonly routes: readonly RouteConfig[];
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
}

export interface LogConfig {
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly accessLog: boolean;
  /** Human-readable lines instead of JSON. */
  readonly pretty: boolean;
}

export interface ForwardedConfig {
  /** Which fields tell the upstream about the client. */
  readonly style: 'x-forwarded' | 'forwarded' | 'both' | 'none';
  /** Pseudonym in Via (RFC 9110 section 7.6.3); empty for none. */
  readonly via: string;
  readonly requestIdField: string;
}

export interface UpstreamConfig {
  readonly name: string;
  readonly endpoints: readonly EndpointConfig[];
  readonly balancer: 'round-robin' | 'least-request';
  /** TCP and TLS together. */
  readonly connectTimeoutMs: number;
  readonly tls: UpstreamTlsConfig;
  readonly pool: PoolConfig;
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
}

export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatchConfig;
  readonly filters: readonly FilterConfig[];
  /** Name of an upstream; undefined for routes whose filters answer everything (redirect). */
  readonly upstream: string | undefined;
  readonly rewrite: RewriteConfig | undefined;
  readonly timeouts: RouteTimeouts;
  /** Lower-case protocols a request may upgrade to. Empty: none. */
  readonly upgrades: readonly string[];
  /** Host sent upstream: the client's, or the endpoint's own. */
  readonly hostHeader: 'preserve' | 'endpoint';
}

export interface RouteMatchConfig {
  /** `api.example.com`, `*.example.com`; empty for any. */
  readonly hosts: readonly string[];
  /**
   * `/users` is exact; `/users/*` is the prefix with segment boundary (it also matches `/users`); `/users/:id` binds one
   * segment; `/*` is everything.
   */
  readonly path: string;
  /** Upper-case; empty for any. */
  readonly methods: readonly string[];
  readonly headers: readonly FieldPredicate[];
  readonly query: readonly FieldPredicate[];
}

/** `value` undefined: the field or parameter must be present with any value. */
export interface FieldPredicate {
  readonly name: string;
  readonly value: string | undefined;
}

export type RewriteConfig =
  | { readonly kind: 'strip-prefix'; readonly prefix: string }
  | { readonly kind: 'replace-prefix'; readonly prefix: string; readonly replacement: string };

export interface RouteTimeouts {
  /** The whole exchange; 0 for no limit. Never applies to tunnels. */
  readonly requestMs: number;
  /** From the end of the request to the response head; 0 for no limit. */
  readonly responseHeadMs: number;
  /** Longest silence of a streaming response or a tunnel. */
  readonly idleMs: number;
}

export type FilterConfig =
  | { readonly name: 'jwt-auth'; readonly options: JwtAuthOptions }
  | { readonly name: 'headers'; readonly options: HeadersOptions }
  | { readonly name: 'body-limit'; readonly options: BodyLimitOptions }
  | { readonly name: 'ip-allow'; readonly options: IpAllowOptions }
  | { readonly name: 'redirect'; readonly options: RedirectOptions };

export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512';

export type JwtKeySource =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'pem'; readonly pem: string; readonly file: string }
  | {
      readonly kind: 'jwks';
      readonly keys: readonly Readonly<Record<string, unknown>>[];
      readonly file: string;
    }
  | { readonly kind: 'jwks-url'; readonly url: string };

export interface JwtAuthOptions {
  readonly key: JwtKeySource;
  /** Never empty; config has checked that each fits the key where the key is known. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly issuer: readonly string[];
  readonly audience: readonly string[];
  readonly leewayMs: number;
  /** Tokens without `exp` are refused unless this is false. */
  readonly requireExp: boolean;
  /** Claims that must be there with exactly that value. */
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>;
  /** All of them must be in `scope` (space separated) or `scp`. */
  readonly scopes: readonly string[];
  readonly from: JwtTokenSource;
  /** claim -> lower-case field name sent upstream. Client copies of those fields are always stripped. */
  readonly claimsToHeaders: Readonly<Record<string, string>>;
  /** The token itself goes on to the upstream. */
  readonly forwardToken: boolean;
  readonly maxTokenBytes: number;
  readonly cacheSize: number;
  readonly realm: string;
}

export type JwtTokenSource =
  | { readonly kind: 'header'; readonly name: string; readonly scheme: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string };

export interface HeadersOptions {
  readonly request: FieldEdits;
  readonly response: FieldEdits;
}

/** Applied in this order. Names are lower case. */
export interface FieldEdits {
  readonly remove: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  readonly append: Readonly<Record<string, string>>;
}

export interface BodyLimitOptions {
  readonly maxBytes: number;
}

export interface IpAllowOptions {
  /** CIDRs or addresses. `deny` is asked first; an empty `allow` means everyone. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface RedirectOptions {
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** `${scheme}`, `${host}`, `${path}`, `${query}` are replaced by the request's. */
  readonly location: string;
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
