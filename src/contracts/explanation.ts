/**
 * The shape of a question "what would become of this request?" and of its answer. Plain data: it crosses the IPC channel, is the
 * body of `POST /explain`, and is what `torus explain --json` prints. docs/explain.md documents every member.
 */
import type { Cause } from './cause.js';

export interface ExplainQuestion {
  readonly method: string;
  /** Absolute: `https://api.example.com/users?x=1`. For CONNECT `host:port`. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Address of the peer that asks; undefined for 127.0.0.1. */
  readonly client: string | undefined;
  /** Name of a listener; undefined for the first that fits the URL. */
  readonly listener: string | undefined;
  readonly http2: boolean;
  /** Values of claims are told, not only their names. */
  readonly showValues: boolean;
}

/** `problem`: the question makes no sense here. */
export type ExplainAnswer = { readonly explanation: Explanation } | { readonly problem: string };

export interface Explanation {
  /** Generation of the configuration that was asked. */
  readonly configVersion: number;
  /** Asked of a running instance: the state of its endpoints is in the answer. */
  readonly live: boolean;
  /** Live only. */
  readonly answeredBy?: { readonly worker: number; readonly pid: number };
  readonly verdict: ExplainedVerdict;
  readonly request: ExplainedRequest;
  /** What was taken for granted, because the question did not say it. */
  readonly assumed: readonly string[];
  /** What stands before all routes; `passed` is false for the one that ended it. */
  readonly checks: readonly ExplainedCheck[];
  /** Undefined when it never came to a route. */
  readonly routes: ExplainedRoutes | undefined;
  /** Of the chosen route, in the order in which they run. */
  readonly filters: readonly ExplainedFilter[];
  readonly split: ExplainedSplit | undefined;
  /** Where it may go: one, or each side of a split that chance decides. */
  readonly upstreams: readonly ExplainedUpstream[];
  /** The request as the upstream would get it; undefined when none would. */
  readonly forwarded: ExplainedForward | undefined;
  /** Of the listener and the route; each upstream has its own. */
  readonly timeouts: readonly ExplainedSetting[];
  readonly limits: readonly ExplainedSetting[];
  readonly retry: ExplainedRetry | undefined;
}

export interface ExplainedVerdict {
  /**
   * `forwarded`: it goes upstream; `answered`: Torus answers it as configured (status below 400); `refused`: Torus answers with an
   * error; `depends`: it goes upstream if what `conditions` name turns out well.
   */
  readonly outcome: 'forwarded' | 'answered' | 'refused' | 'depends';
  /** One line. */
  readonly summary: string;
  /** What Torus would answer itself. */
  readonly status: number | undefined;
  readonly cause: Cause | undefined;
  readonly conditions: readonly string[];
  readonly route: string | undefined;
  readonly upstream: string | undefined;
  /** Only when it is certain. */
  readonly endpoint: string | undefined;
}

export interface ExplainedRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  /** Lower case, without port. */
  readonly host: string;
  /** In the normal form that is routed and forwarded. */
  readonly path: string;
  readonly query: string;
  readonly listener: string;
  /** The address that connects. */
  readonly peer: string;
  /** The address that the request counts for. */
  readonly client: string;
  /** The peer is in `trustedProxies`. */
  readonly peerTrusted: boolean;
}

export interface ExplainedCheck {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

export interface ExplainedRoutes {
  readonly total: number;
  /** In the order of precedence; the nearest ones where there are too many. */
  readonly candidates: readonly ExplainedCandidate[];
  /** Methods that other routes of this place take, where that is why it was refused. */
  readonly allow: readonly string[] | undefined;
}

export type RoutePredicate = 'kind' | 'host' | 'path' | 'ports' | 'methods' | 'headers' | 'query';

/** The first predicate of a route that a request does not meet. */
export interface FailedPredicate {
  readonly predicate: RoutePredicate;
  /** Of the header field or query parameter. */
  readonly name?: string;
  readonly wanted: string;
  readonly got: string;
}

export interface ExplainedCandidate {
  readonly route: string;
  /** Place in the configuration, from 0. */
  readonly index: number;
  /** `outranked`: it would take the request, but one before it does. */
  readonly result: 'chosen' | 'outranked' | 'failed';
  readonly failed?: FailedPredicate;
  /** What it matches, as configured. */
  readonly match: string;
}

/** What a filter says of a request that it only looks at. */
export interface FilterExplanation {
  /** `depends`: on what is not known now (the body, keys that are not here). */
  readonly verdict: 'continues' | 'answers' | 'depends';
  /** One sentence. No secret. */
  readonly why: string;
  readonly status?: number;
  readonly cause?: Cause;
  /** More that a person may want to know; plain data, no secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Names, lower case, of fields and query parameters whose values are nobody's business. */
  readonly concealed?: readonly string[];
}

export interface ExplainOptions {
  /** Values of claims may be told. */
  readonly showValues: boolean;
}

export interface ExplainedFilter {
  readonly name: string;
  /** `not-reached`: one before it answers. `unknown`: it does not say. */
  readonly verdict: FilterExplanation['verdict'] | 'unknown' | 'not-reached';
  readonly why: string;
  readonly status?: number;
  readonly cause?: Cause;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Names of the request fields that it sets, or takes away. */
  readonly sets?: readonly string[];
  readonly removes?: readonly string[];
}

export interface ExplainedSplit {
  /** What decides: `chance`, or a key such as `header x-user`. */
  readonly by: string;
  readonly hasKey: boolean;
  /** From 0 to 1. */
  readonly targets: readonly { readonly upstream: string; readonly share: number }[];
  /** Undefined while chance decides. */
  readonly chosen: string | undefined;
}

export interface ExplainedUpstream {
  readonly name: string;
  /** `least-request`, `consistent-hash on header x-user` ... */
  readonly balancer: string;
  readonly sticky: string | undefined;
  /** Where the endpoints come from. */
  readonly source: string;
  readonly protocol: string;
  readonly total: number;
  readonly available: number;
  /** Too few are available: all are used. */
  readonly panic: boolean;
  readonly endpoints: readonly ExplainedEndpoint[];
  /** The endpoint that is certain to be picked first. */
  readonly picks: string | undefined;
  readonly why: string;
  /** Why none can be picked. */
  readonly refusal: Cause | undefined;
  readonly timeouts: readonly ExplainedSetting[];
  readonly limits: readonly ExplainedSetting[];
}

export interface ExplainedEndpoint {
  /** `host:port`. */
  readonly address: string;
  readonly url: string;
  /** What Host says of it where the route asks for the own name of the endpoint. */
  readonly host: string;
  readonly weight: number;
  /** It may be picked. */
  readonly available: boolean;
  /** Exchanges of the worker that answered, or of the whole instance where `state` is there. */
  readonly active: number;
  /** Live only: `healthy`, `unknown`, `unhealthy`, `ejected`. */
  readonly state?: string;
  readonly why?: string;
  readonly ejectedUntil?: string;
}

export interface ExplainedForward {
  readonly method: string;
  /** Path and query after the rewrite. */
  readonly target: string;
  /** The path is not the one that was asked for. */
  readonly rewritten: boolean;
  /** What becomes of it, where it is no plain request. */
  readonly upgrade: string | undefined;
  /** What the client asks to upgrade to, where the route does not take it: it is served as plain HTTP. */
  readonly ignoredUpgrade?: string;
  /** As it is written over HTTP/1.1; values of credentials are replaced. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export interface ExplainedSetting {
  readonly name: string;
  /** Undefined for none. */
  readonly value: number | string | undefined;
  readonly unit: 'ms' | 'bytes' | '';
  /** `default` when the configuration does not write it. */
  readonly from: 'listener' | 'route' | 'upstream' | 'default';
  /** Where it is, or would be, written. */
  readonly key: string;
}

export interface ExplainedRetry {
  readonly attempts: number;
  readonly on: readonly string[];
  /** The method may be sent again after it was sent once. */
  readonly repeatable: boolean;
  readonly perTryTimeoutMs: number;
  readonly hedgeAfterMs: number | undefined;
  readonly from: 'route' | 'default';
}
