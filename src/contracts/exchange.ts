import type { Cause } from './cause.js';
import type { ExchangeFlow, FlowRecord } from './flow.js';
import type { RequestHead } from './message.js';
import type { CompiledRoute } from './router.js';
import type { Timers } from './timers.js';
import type { ExchangeTrace } from './tracing.js';

/** The downstream connection as policies see it. `address` is the peer of the socket; `forwardedFor` is what it claims. */
export interface ClientInfo {
  /** IP address the exchange counts for: the peer, or what a trusted peer said in X-Forwarded-For. */
  readonly address: string;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** The peer is in `trustedProxies`: its forwarding fields and request id are believed. */
  readonly trusted: boolean;
  readonly listener: string;
  readonly tls: boolean;
  /** The address that the client connected to, as far as it is known. */
  readonly local?: LocalAddress | undefined;
}

/** Looked up when it is asked for. */
export interface LocalAddress {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Who the client proved to be. Set by an authenticating filter. */
export interface Identity {
  readonly subject: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
}

export type ExchangePhase = 'filter' | 'connect' | 'request' | 'wait' | 'response' | 'tunnel' | 'done';

/** One downstream request and the response that answers it. Lives from the parsed head to the access log line. */
export interface Exchange {
  readonly id: string;
  readonly request: RequestHead;
  readonly client: ClientInfo;
  readonly phase: ExchangePhase;
  /** Milliseconds on the monotonic clock when the head was complete. */
  readonly startedAt: number;
  readonly route: CompiledRoute | undefined;
  identity: Identity | undefined;
  /** `host:port` of the last endpoint tried. */
  readonly endpoint: string | undefined;
  readonly upstream: string | undefined;
  readonly attempts: number;
  /** What became of attempts that another one followed, in order; undefined where there was no such attempt. */
  readonly failedAttempts: readonly FailedAttempt[] | undefined;
  /** The upstream connection had served an exchange before. */
  readonly reusedConnection: boolean;
  /** Status sent downstream; 0 while none was sent. */
  readonly status: number;
  /** Body bytes after transfer coding was removed. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Milliseconds since `startedAt`; -1 if that point was never reached. */
  readonly connectedAfterMs: number;
  readonly responseHeadAfterMs: number;
  readonly durationMs: number;
  /** Set exactly once, when the exchange ends. */
  readonly cause: Cause | undefined;
  /** A short technical word for the log (an errno, a parser rule). Never holds client secrets. */
  readonly detail: string | undefined;
  /** Of exchanges that streamed a body, were a tunnel, or waited for the client; undefined for all others. */
  readonly flow: ExchangeFlow | undefined;
  /** What is known of the call, where the request is one of gRPC. */
  readonly grpc: GrpcCall | undefined;
  /** Its place in a distributed trace; undefined where tracing is off. */
  readonly trace?: ExchangeTrace | undefined;
}

export interface GrpcCall {
  /** `grpc-status` of the answer; -1 while none has come. */
  status: number;
  /** Milliseconds on the monotonic clock; Infinity for no deadline. */
  deadlineAtMs: number;
}

/** The part of an exchange that the stages write as it goes on. Policies get it as a read-only `Exchange`. */
export interface ExchangeRecord extends Exchange {
  phase: ExchangePhase;
  endpoint: string | undefined;
  attempts: number;
  failedAttempts: FailedAttempt[] | undefined;
  reusedConnection: boolean;
  status: number;
  connectedAfterMs: number;
  responseHeadAfterMs: number;
  detail: string | undefined;
  /** Counts the body bytes of a response that is under way. */
  responseCounter: ByteCounter | undefined;
  /** Counts what the client sent, where the downstream cannot know it (tunnels). */
  requestCounter: ByteCounter | undefined;
  /** Body bytes of a response that was sent whole. */
  wholeResponseBytes: number;
  /** The measure of what streams; made when it is first asked for. */
  openFlow(timers: Timers): FlowRecord;
}

/** An attempt that was not the last. */
export interface FailedAttempt {
  /** `host:port`; undefined when none had been picked. */
  readonly endpoint: string | undefined;
  /** Why it failed, or `status.NNN` for a response that was not good enough. */
  readonly cause: string;
  /** When it was over: milliseconds since `startedAt`. */
  readonly afterMs: number;
}

export interface ByteCounter {
  readonly bytes: number;
}
