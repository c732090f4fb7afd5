import type { RouteConfig } from './config.js';
import type { Exchange } from './exchange.js';
import type { ExplainedCandidate, ExplainedSplit } from './explanation.js';
import type { Filter } from './filter.js';
import type { RequestHead } from './message.js';
import type { Mirror } from './mirror.js';
import type { Upstream } from './upstream.js';

/** A route ready to serve: filters made, upstream resolved. Belongs to one snapshot. */
export interface CompiledRoute {
  readonly name: string;
  readonly config: RouteConfig;
  /** In configured order. */
  readonly filters: readonly Filter[];
  /** What they say of request bodies, taken together. */
  readonly bodyRules: BodyRules;
  readonly upstream: Upstream | undefined;
  /** Chooses the upstream of each request in place of `upstream`; undefined where there is nothing to choose. */
  readonly split: UpstreamSplit | undefined;
  /** Copies requests to another upstream; undefined where the route asks for none. */
  readonly mirror: Mirror | undefined;
  /** Rewrites a matched path to what the upstream sees; undefined when the path is passed on as it is. */
  readonly rewritePath: ((path: string) => string) | undefined;
}

/** Requests of one route divided between upstreams. */
export interface UpstreamSplit {
  /** Once an exchange: its retries stay with the upstream it got. */
  choose(exchange: Exchange): Upstream;
  /** What `choose` would do; `upstreams` are those that it may choose. */
  explain(exchange: Exchange): ExplainedSplit & { readonly upstreams: readonly Upstream[] };
}

/** What the filters of a route want of request bodies. */
export interface BodyRules {
  /** A longer body ends the exchange with 413; Infinity for no limit. */
  readonly maxBytes: number;
  /** The filters that must see the whole body; in configured order. */
  readonly readers: readonly Filter[];
  /** The most that is buffered for them. */
  readonly bufferBytes: number;
}

/** What the router needs to know of a route; it hands `target` back on a match. */
export interface RouteEntry<T> {
  readonly config: RouteConfig;
  readonly target: T;
}

export type RouteMatch<T> =
  | { readonly kind: 'matched'; readonly target: T }
  /** The path exists, but for none of the routes with this method: answer 405 with these methods in Allow. */
  | { readonly kind: 'method-not-allowed'; readonly allow: readonly string[] }
  | { readonly kind: 'not-found' };

/**
 * Answers which route a request belongs to, and nothing else. Compiled once per snapshot; matching allocates as little as
 * it can and costs the same for one route as for thousands. Most specific wins: exact host, then the longest wildcard
 * host, then any host; then exact path, then parameter segments, then the longest prefix; then the more predicates
 * (methods, headers, query); then the order of configuration.
 */
export interface Router<T> {
  match(head: RequestHead): RouteMatch<T>;
}

/** A router that can say why. Not for the hot path: every route is looked at. */
export interface ExplainingRouter<T> extends Router<T> {
  /** Each route with the first predicate that failed, in the order of precedence; the nearest `limit` of them. */
  explain(head: RequestHead, limit: number): RoutesExplanation<T>;
}

export interface RoutesExplanation<T> {
  /** What `match` says. */
  readonly match: RouteMatch<T>;
  readonly total: number;
  readonly candidates: readonly ExplainedCandidate[];
}
