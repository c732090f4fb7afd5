/** Owns the step from `retry` as written to what the forwarder asks at each failure. */
import type { RetryConfig, RetryCondition } from '../../contracts/config.js';
import type { RetryDocument } from '../schema/route/retry-schema.js';

/** Nothing of the request had been served: safe for every method. */
const SAFE: readonly RetryCondition[] = ['connect-failure', 'refused-stream'];

/** undefined when every request is to be sent at most once. */
export function compileRetry(retry: RetryDocument): RetryConfig | undefined {
  if (retry === false) return undefined;
  const triggers = retry.on ?? retry.retryOn ?? SAFE;
  return {
    attempts: retry.attempts,
    on: triggers.filter((trigger) => typeof trigger === 'string'),
    statuses: triggers.filter((trigger) => typeof trigger === 'number'),
    perTryTimeoutMs: retry.perTryTimeout,
    nonIdempotent: retry.nonIdempotent,
    backoff: { baseMs: retry.backoff.base, maxMs: retry.backoff.max },
    maxRetryAfterMs: retry.maxRetryAfter,
    bufferBytes: retry.buffer,
    hedge: retry.hedge && { afterMs: retry.hedge.after, max: retry.hedge.max },
  };
}
