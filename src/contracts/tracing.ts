import type { Exchange } from './exchange.js';
import type { Endpoint, UpstreamConnection } from './upstream.js';

/**
 * How the data plane takes part in distributed traces (W3C Trace Context) without knowing who records them. There is no tracer
 * where tracing is off.
 */
export interface Tracer {
  /** Once for each exchange, when its head is here. Must not throw. */
  begin(exchange: Exchange): ExchangeTrace;
}

/** `first`, `retry`, `hedge`: attempts of the exchange; `mirror`: a copy that nobody waits for. */
export type AttemptKind = 'first' | 'retry' | 'hedge' | 'mirror';

/** The place of one exchange in its trace. */
export interface ExchangeTrace {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits: the span of the exchange. */
  readonly spanId: string;
  /** It is recorded. */
  readonly sampled: boolean;
  /** Names of the client's fields that must not go on, because Torus says it anew or they belong to another trace. */
  readonly replaced: readonly string[];
  /** A request is about to be sent to that upstream. The answer may outlive the exchange. */
  attempt(upstream: string, kind: AttemptKind): AttemptTrace;
  /** Once, when the exchange has its cause. */
  end(exchange: Exchange): void;
}

/** One request to an upstream. */
export interface AttemptTrace {
  /** Value of the field `traceparent` that goes with it. */
  readonly traceparent: string;
  /** The connection is there, and `target` (path and query, or empty for a bare tunnel) is about to be asked of it. */
  connected(connection: Pick<UpstreamConnection, 'endpoint' | 'reused'>, target: string): void;
  /** The final response head is here. */
  responded(status: number): void;
  /**
   * Once. `cause` is why it failed, or a word for why it was given up; undefined when it ended well. `endpoint`: where it went or
   * wanted to go, where that had been decided; one that was never connected is told here alone.
   */
  end(cause: string | undefined, endpoint?: Endpoint): void;
}
