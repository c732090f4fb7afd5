import type { Cause } from './cause.js';
import type { DownstreamStream } from './downstream.js';
import type { Exchange, ExchangeRecord } from './exchange.js';
import type { ExplainedForward, ExplainedRetry } from './explanation.js';
import type { Fields } from './fields.js';
import type { Body, RequestHead, ResponseHead } from './message.js';
import type { CompiledRoute } from './router.js';
import type { Upstream } from './upstream.js';

/** What the forwarder needs for one exchange. */
export interface ForwardJob {
  readonly exchange: ExchangeRecord;
  readonly downstream: DownstreamStream;
  readonly route: CompiledRoute;
  readonly upstream: Upstream;
  /** The fields to send, after the filters. */
  readonly fields: Fields;
  /** The request body: the downstream's, or what a filter had buffered of it. */
  readonly body: Body;
}

/** Whoever runs the exchange. Exactly one of `onForwardFailed`, `onForwardEnded` or the downstream's finish ends it. */
export interface ForwardOwner {
  /** The final response head, about to be written: response filters change it here. */
  onResponseHead(head: ResponseHead): void;
  /** Nothing was sent downstream: answer locally. */
  onForwardFailed(cause: Cause, detail: string | undefined): void;
  /** It ended after the response (or a tunnel) had begun, and the downstream connection is gone. */
  onForwardEnded(cause: Cause, detail: string | undefined): void;
}

/** A request and its route, sent by a client or only asked about. */
export interface RoutedRequest {
  readonly route: CompiledRoute;
  readonly downstream: { readonly head: RequestHead };
}

/** A request that nobody has sent. */
export interface ForwardQuestion extends RoutedRequest {
  readonly exchange: Exchange;
  /** After the filters. */
  readonly fields: Fields;
  /** What Host says of the endpoint, where the route asks for its own name; undefined while it is not certain. */
  readonly endpointHost: string | undefined;
}

export type ForwardExplanation =
  | { readonly refused: Cause; readonly detail: string | undefined }
  | { readonly forwarded: ExplainedForward; readonly retry: ExplainedRetry | undefined };

export interface Forwarding {
  /** Stops at once and releases the endpoint: the client is gone, or the exchange took too long. No owner call follows. */
  cancel(): void;
  /** As `cancel`, after `limitMs`: an endpoint that kept the exchange waiting for most of that time has failed. */
  expire(limitMs: number): void;
  /** The gateway drains: a client that can be told so, where its route asks for it, is told. */
  drain?(): void;
}

/** Moves one exchange between downstream and upstream: picks, connects, retries, streams, tunnels. */
export interface Forwarder {
  forward(job: ForwardJob, owner: ForwardOwner): Forwarding;
}

export interface ExplainingForwarder extends Forwarder {
  /** What `forward` would send, or refuse. */
  explain(question: ForwardQuestion): ForwardExplanation;
}
