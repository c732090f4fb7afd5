import type { MirrorConfig, SplitConfig } from './balancing-config.js';
import type { FilterConfig } from './filter-config.js';
import type { OverloadPriority } from './overload.js';
import type { RetryConfig } from './retry-config.js';

export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatchConfig;
  readonly filters: readonly FilterConfig[];
  /** Name of an upstream; undefined for routes with a split, or whose filters answer everything (redirect). */
  readonly upstream: string | undefined;
  readonly split: SplitConfig | undefined;
  readonly mirror: MirrorConfig | undefined;
  readonly rewrite: RewriteConfig | undefined;
  readonly timeouts: RouteTimeouts;
  /** undefined: every request is sent at most once. */
  readonly retry: RetryConfig | undefined;
  /** Whether an overloaded worker refuses its requests; `normal` unless told otherwise. */
  readonly overload?: OverloadPriority | undefined;
  /** Lower-case protocols a request may upgrade to. Empty: none. */
  readonly upgrades: readonly string[];
  /** The route takes CONNECT requests, and nothing else. */
  readonly connect?: ConnectConfig | undefined;
  readonly websocket?: WebSocketConfig | undefined;
  /** Host sent upstream: the client's, or the endpoint's own. */
  readonly hostHeader: 'preserve' | 'endpoint';
}

export interface ConnectConfig {
  /** Ports that a client may name; empty for any. */
  readonly ports: readonly number[];
}

export interface WebSocketConfig {
  /** Clients are told to go (close code 1001) when the gateway drains. */
  readonly closeOnDrain: boolean;
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
  /** The same for gRPC calls, whose head may come with the first message of a stream only. */
  readonly grpcResponseHeadMs: number;
  /** Longest silence of a streaming response or a tunnel. */
  readonly idleMs: number;
  /** Lower-case name of the field that tells the upstream how many milliseconds are left; undefined for none. */
  readonly deadlineField: string | undefined;
}
