import type { BackoffConfig, RetryCondition, RetryConfig } from '../../contracts/config.js';
import type { Fields } from '../../contracts/fields.js';
import type { AttemptFailure } from '../../contracts/upstream.js';

/** Owns the rules of retries that need no state: which failure is which condition, what a policy allows, how long to wait. */

/** RFC 9110 section 9.2.2: safe to send again when nobody knows whether the first one was served. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Each of these names every way in which no response comes. */
const ANY_FAILURE: readonly RetryCondition[] = ['reset', '5xx', 'gateway-error'];

/** No endpoint to ask, or no room for more requests, there or here: another attempt would only add to it. */
const NO_ROOM = ['upstream.pick.', 'upstream.queue.', 'upstream.limit.', 'internal.overload.'];
const NO_ANSWER = ['upstream.request.', 'upstream.head.', 'upstream.body.'];

export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/** Whether a request of this method may be sent again after (part of) it was sent. */
export function mayRepeat(policy: RetryConfig, method: string): boolean {
  return policy.nonIdempotent || IDEMPOTENT.has(method);
}

/** undefined for what is never tried again. */
export function conditionOf({ cause, retry }: AttemptFailure): RetryCondition | undefined {
  const isOneOf = (prefixes: readonly string[]): boolean =>
    prefixes.some((prefix) => cause.startsWith(prefix));
  if (isOneOf(NO_ROOM)) return undefined;
  if (isOneOf(['upstream.connect.', 'upstream.tls.'])) return 'connect-failure';
  if (retry === 'safe') return 'refused-stream';
  if (cause.endsWith('.timeout')) return 'timeout';
  return isOneOf(NO_ANSWER) ? 'reset' : undefined;
}

/** Who sets a time for each try means that there shall be another. */
export function allowsFailure({ on }: RetryConfig, condition: RetryCondition, cause: string): boolean {
  if (cause === 'upstream.attempt.timeout' || on.includes(condition)) return true;
  return ANY_FAILURE.some((any) => on.includes(any));
}

export function allowsStatus({ on, statuses }: RetryConfig, status: number): boolean {
  if (statuses.includes(status)) return true;
  if (status >= 500) {
    return on.includes('5xx') || (status >= 502 && status <= 504 && on.includes('gateway-error'));
  }
  return status === 409 && on.includes('retriable-4xx');
}

/**
 * Exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): a draw from 0 to the bound, so that
 * clients that failed together do not come back together. Milliseconds; `retry` counts from 0.
 */
export function backoffMs({ baseMs, maxMs }: BackoffConfig, retry: number, random: () => number): number {
  return random() * Math.min(maxMs, baseMs * 2 ** retry);
}

/** RFC 9110 section 10.2.3, delay-seconds only. Milliseconds; 0 when there is none. */
export function retryAfterMs(fields: Fields): number {
  const value = fields.get('retry-after');
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) * 1000 : 0;
}
