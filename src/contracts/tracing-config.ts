export interface TracingConfig {
  /** Where spans are posted to, OTLP over HTTP with JSON. */
  readonly endpoint: string;
  /** Sent with every post; lower-case names. The values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** Share of the traces that begin here, 0 to 1. */
  readonly sampling: number;
  /** Of them recorded at most, in each worker. */
  readonly tracesPerSecond: number;
  /** What becomes of the trace context of a client that is not in `trustedProxies`. */
  readonly clientContext: ClientContext;
  readonly serviceName: string;
  /** What else describes the instance to whoever reads its spans. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The answer to one post must be there after so long. */
  readonly timeoutMs: number;
  /** Spans wait at most so long for others to be posted with. */
  readonly intervalMs: number;
  /** Spans in one post. */
  readonly batchSize: number;
  /** Spans that may wait in one worker; more are dropped. */
  readonly queueSize: number;
}

/**
 * `continue`: its trace goes on, recorded or not as Torus decides; `trust`: and as the client decides; `restart`: a new trace
 * begins, linked to the client's.
 */
export type ClientContext = 'continue' | 'trust' | 'restart';
