/** When an attempt that failed may be followed by another. Named as Envoy names them in `retry_on`. */
export type RetryCondition =
  'connect-failure' | 'refused-stream' | 'reset' | 'timeout' | '5xx' | 'gateway-error' | 'retriable-4xx';

/** What a route tries again, and how often. */
export interface RetryConfig {
  /** Most retries of one exchange; a connection that had gone stale and hedges do not count. */
  readonly attempts: number;
  readonly on: readonly RetryCondition[];
  /** Further response statuses to try again on. */
  readonly statuses: readonly number[];
  /** From the beginning of an attempt to its response head, waiting for a connection included; 0 for no limit. */
  readonly perTryTimeoutMs: number;
  /** Requests that may have been served already are sent again even if their method is not idempotent. */
  readonly nonIdempotent: boolean;
  readonly backoff: BackoffConfig;
  /** Longest Retry-After that is waited for. */
  readonly maxRetryAfterMs: number;
  /** Most bytes of a streamed request body that are kept to be sent again. */
  readonly bufferBytes: number;
  readonly hedge: HedgeConfig | undefined;
}

export interface BackoffConfig {
  readonly baseMs: number;
  readonly maxMs: number;
}

export interface HedgeConfig {
  /** Without a response head for this long, another attempt is begun beside the one that runs. */
  readonly afterMs: number;
  /** Most such attempts of one exchange. */
  readonly max: number;
}
