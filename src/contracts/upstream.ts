import type { Duplex, Writable } from 'node:stream';
import type { Cause } from './cause.js';
import type { Exchange } from './exchange.js';
import type { ExplainedUpstream } from './explanation.js';
import type { Fields } from './fields.js';
import type { WatchedSink } from './flow.js';
import type { Body, RequestHead, ResponseHead } from './message.js';
import type { RequestLimiter } from './upstream-limits.js';

/** One address of an upstream. */
export interface Endpoint {
  /** `host:port`: the label in logs and metrics. */
  readonly label: string;
  /** What Host says when the route asks for the endpoint's own name: no port where it is the scheme's. */
  readonly authority: string;
  readonly scheme?: 'http' | 'https';
  /** Share of the traffic, relative to the others. May change from one moment to the next (slow start); never 0. */
  readonly weight: number;
  /** Exchanges running on it from this worker. */
  readonly active: number;
}

/** Why an attempt failed, and what that allows. */
export interface AttemptFailure {
  readonly cause: Cause;
  /** errno, OpenSSL code or parser rule; for the log. */
  readonly detail: string | undefined;
  /**
   * `safe`: nothing was sent, or the endpoint says that it did nothing with it; `stale`: a kept-alive connection broke before any
   * response byte; `no`: neither.
   */
  readonly retry: 'safe' | 'stale' | 'no';
  /** The endpoint it failed on, where one had been picked. */
  readonly endpoint?: Endpoint | undefined;
}

/** Receives what becomes of a checked-out connection. No method is called after the response ended or the failure. */
export interface AttemptObserver {
  onConnected(connection: UpstreamConnection): void;
  /** 1xx other than 101. */
  onInterim(head: ResponseHead): void;
  /** The final head. A `complete` body is valid only during the call. */
  onResponse(head: ResponseHead, body: Body): void;
  /** A validated 101. The duplex is the caller's from here on; `early` bytes came with the head. */
  onSwitched(head: ResponseHead, socket: Duplex, early: Buffer | undefined): void;
  /** Also called while a response body is streaming: its stream is then destroyed as well. */
  onAttemptFailed(failure: AttemptFailure): void;
}

/** What goes upstream. Framing follows `body`. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query as the upstream shall see them. */
  readonly target: string;
  readonly head: RequestHead;
  readonly fields: Fields;
  /** The protocol to ask for with Upgrade: only when the route allows it. */
  readonly upgrade: string | undefined;
  /** Field lines that Torus adds (Host, forwarding, request id), each ended by CRLF. */
  readonly addedLines: string;
  readonly body: Body;
}

/** A connection checked out for one exchange. */
export interface UpstreamConnection {
  readonly endpoint: Endpoint;
  /** It had served another exchange before. */
  readonly reused: boolean;
  /** It ends exchanges in which neither side has sent a byte for the idle timeout, also while the request is still open. */
  readonly watchesSilence: boolean;
  /** Writes head and complete body at once; for a streamed body returns the sink to pipe it into. */
  send(request: UpstreamRequest): (Writable & WatchedSink) | undefined;
  /** The bare connection in place of a request. Only for one that was checked out as `tunnel`; the caller's from here on. */
  takeOver?(): Duplex;
  /** Ends the checkout: back to the pool when both messages ended cleanly, else destroyed. */
  release(): void;
  /** Breaks the exchange off: the socket, or of HTTP/2 the stream alone. Idempotent. No observer call follows. */
  destroy(): void;
}

/** A checkout that may still be waiting for a connection. */
export interface Checkout {
  /** Where it leads, once that is decided. */
  readonly endpoint?: Endpoint;
  /** Gives up waiting, or destroys the connection if there is one. Idempotent. No observer call follows. */
  cancel(): void;
}

export interface CheckoutOptions {
  /** Milliseconds until the response head must be there, counted from the end of the request; 0 for no limit. */
  readonly responseHeadTimeoutMs: number;
  /** Milliseconds without a response byte; 0 for no limit. */
  readonly idleTimeoutMs: number;
  /**
   * `pooled`: an idle connection or a new one; `new`: not one that has waited in the pool (after a stale one broke);
   * `tunnel`: one of its own that can become a tunnel and never goes to the pool.
   */
  readonly connection: 'pooled' | 'new' | 'tunnel';
  /** Endpoints already tried in this exchange: another is preferred, one of these taken when there is no other. */
  readonly avoid: readonly Endpoint[];
  /** What the connection begins with, before TLS. One connection serves exchanges with the same preamble only. */
  readonly preamble?: string | undefined;
}

/**
 * The retries and hedges that may run at once on one upstream in one worker. Every `take` that said true is followed by one
 * `give`.
 */
export interface RetryBudget {
  /** True when one more may run. `gone`: requests that want to run, and hold no connection (1 when an attempt has failed). */
  take(gone: 0 | 1): boolean;
  give(): void;
}

/** A named group of endpoints with their balancer and pools. Belongs to one snapshot of one worker. */
export interface Upstream {
  readonly name: string;
  /** True when an endpoint may be picked now that is none of these. */
  hasOtherThan(tried: readonly Endpoint[]): boolean;
  /** Its endpoints can say that they did nothing with a request, after its body began: HTTP/2 may be spoken. */
  readonly mayRefuse: boolean;
  readonly retryBudget: RetryBudget;
  /** Asked before each checkout; undefined where nothing limits the requests. */
  readonly limiter: RequestLimiter | undefined;
  /**
   * Picks an endpoint and checks out a connection. Calls `onConnected` before returning when an idle one is at hand.
   * Failures to pick, queue or connect go to `onAttemptFailed`.
   */
  checkout(exchange: Exchange, observer: AttemptObserver, options: CheckoutOptions): Checkout;
  /** The response head of an attempt is here, `headMs` milliseconds after its request was sent. At most once an attempt. */
  reportResponse(endpoint: Endpoint, status: number, headMs: number): void;
  /** An attempt failed. `endpoint` is undefined where none had been picked. At most once an attempt; may follow a response. */
  reportFailure(endpoint: Endpoint | undefined, cause: Cause): void;
  /** The head of the answer is about to go to the client: adds what makes it come back to the endpoint that answered. */
  markResponse(exchange: Exchange, head: ResponseHead): void;
  /** Whom it would pick for this exchange, as far as that is certain, and the state of its endpoints. Changes nothing. */
  explain(exchange: Exchange): ExplainedUpstream;
  /** Closes idle connections; running ones close when released. */
  dispose(): void;
}

/** A choice that neither chance nor turn decides. */
export interface CertainChoice<T extends Endpoint> {
  readonly endpoint: T;
  readonly why: string;
}

/** Picks one of the endpoints that may be used now. Called once an attempt; keeps what it learns for itself. */
export interface Balancer {
  pick<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): T | undefined;
  /** Whom `pick` would take now, where that is certain. Changes nothing that `pick` goes by. Only for balancers that can be certain. */
  foretell?<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): CertainChoice<T> | undefined;
  /** Only for balancers that learn from what became of attempts; see `Upstream`. */
  reportResponse?(endpoint: Endpoint, status: number, headMs: number): void;
  reportFailure?(endpoint: Endpoint, cause: Cause): void;
  /** Only for balancers that clients come back through; see `Upstream`. */
  markResponse?(exchange: Exchange, head: ResponseHead): void;
}
