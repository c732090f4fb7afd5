/** Which failure is which condition, and how long to wait. */
import type { RetryConfig } from '../../../../src/contracts/config.js';
import type { Cause } from '../../../../src/contracts/cause.js';
import type { AttemptFailure } from '../../../../src/contracts/upstream.js';
import {
  allowsFailure,
  allowsStatus,
  backoffMs,
  conditionOf,
  retryAfterMs,
} from '../../../../src/proxy/forwarder/retry-policy.js';
import { fieldsOf } from '../../../../src/http/field-block.js';

const policy = (on: RetryConfig['on'], statuses: readonly number[] = []): RetryConfig => ({
  attempts: 1,
  on,
  statuses,
  perTryTimeoutMs: 0,
  nonIdempotent: false,
  backoff: { baseMs: 25, maxMs: 250 },
  maxRetryAfterMs: 1000,
  bufferBytes: 65_536,
  hedge: undefined,
});

const conditionFor = (cause: Cause, retry: AttemptFailure['retry']): unknown =>
  conditionOf({ cause, detail: undefined, retry });

describe('the condition of a failure', () => {
  it.each([
    ['upstream.connect.refused', 'safe', 'connect-failure'],
    ['upstream.connect.timeout', 'safe', 'connect-failure'],
    ['upstream.connect.unresolved', 'safe', 'connect-failure'],
    ['upstream.tls.failed', 'safe', 'connect-failure'],
    ['upstream.tls.timeout', 'safe', 'connect-failure'],
    ['upstream.head.reset', 'safe', 'refused-stream'],
    ['upstream.head.reset', 'no', 'reset'],
    ['upstream.head.closed', 'stale', 'reset'],
    ['upstream.head.malformed', 'no', 'reset'],
    ['upstream.request.reset', 'no', 'reset'],
    ['upstream.request.timeout', 'no', 'timeout'],
    ['upstream.head.timeout', 'no', 'timeout'],
    ['upstream.attempt.timeout', 'no', 'timeout'],
    ['upstream.pick.none-available', 'safe', undefined],
    ['upstream.queue.full', 'safe', undefined],
    ['upstream.queue.timeout', 'safe', undefined],
    ['upstream.limit.exceeded', 'safe', undefined],
    ['upstream.limit.adaptive', 'safe', undefined],
    ['upstream.upgrade.invalid', 'no', undefined],
  ] as const)('%s (%s) is %s', (cause, retry, condition) => {
    expect(conditionFor(cause, retry)).toBe(condition);
  });
});

describe('a policy', () => {
  it('allows the conditions it names', () => {
    expect(allowsFailure(policy(['timeout']), 'timeout', 'upstream.head.timeout')).toBe(true);
    expect(allowsFailure(policy(['timeout']), 'reset', 'upstream.head.reset')).toBe(false);
    expect(allowsFailure(policy([]), 'connect-failure', 'upstream.connect.refused')).toBe(false);
  });

  it.each(['reset', '5xx', 'gateway-error'] as const)(
    'that names %s allows every way of no response',
    (any) => {
      for (const condition of ['connect-failure', 'refused-stream', 'reset', 'timeout'] as const)
        expect(allowsFailure(policy([any]), condition, 'upstream.head.reset')).toBe(true);
    },
  );

  it('that limits each try allows another one when a try took too long', () => {
    expect(allowsFailure(policy([]), 'timeout', 'upstream.attempt.timeout')).toBe(true);
  });

  it.each([
    ['5xx', [500, 501, 503, 599], [200, 404, 409, 429, 499]],
    ['gateway-error', [502, 503, 504], [500, 501, 505]],
    ['retriable-4xx', [409], [404, 429, 503]],
    ['reset', [], [500, 502, 503, 504]],
  ] as const)('that names %s allows the statuses of it', (condition, allowed, others) => {
    for (const status of allowed) expect(allowsStatus(policy([condition]), status)).toBe(true);
    for (const status of others) expect(allowsStatus(policy([condition]), status)).toBe(false);
  });

  it('allows the statuses it lists', () => {
    expect(allowsStatus(policy([], [429]), 429)).toBe(true);
    expect(allowsStatus(policy([], [429]), 428)).toBe(false);
  });
});

describe('the wait', () => {
  const backoff = { baseMs: 25, maxMs: 250 };

  it('is drawn from 0 to a bound that doubles, up to its maximum', () => {
    const bounds = [0, 1, 2, 3, 4, 9].map((retry) => backoffMs(backoff, retry, () => 1));
    expect(bounds).toEqual([25, 50, 100, 200, 250, 250]);
    expect(backoffMs(backoff, 5, () => 0)).toBe(0);
    expect(backoffMs(backoff, 1, () => 0.5)).toBe(25);
  });

  it.each([
    ['2', 2000],
    ['0', 0],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    ['-1', 0],
    ['1.5', 0],
    ['', 0],
  ])('that Retry-After "%s" asks for is %i ms', (value, expected) => {
    expect(retryAfterMs(fieldsOf([['retry-after', value]]))).toBe(expected);
  });

  it('is nothing without Retry-After', () => {
    expect(retryAfterMs(fieldsOf([]))).toBe(0);
  });
});
