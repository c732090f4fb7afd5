/** Owns the grammar and defaults of `retry` of a route and of `retryBudget` of an upstream. */
import * as z from 'zod';
import type { RetryCondition } from '../../../contracts/config.js';
import { duration, flag, integer, oneOrMore, positiveDuration, size } from '../scalars.js';

const CONDITIONS: readonly RetryCondition[] = [
  'connect-failure',
  'refused-stream',
  'reset',
  'timeout',
  '5xx',
  'gateway-error',
  'retriable-4xx',
];
const CONDITION_RULE = `must be one of ${CONDITIONS.join(', ')}, or a status from 400 to 599`;

/** A condition, or a status that is tried again on. */
export type RetryTrigger = RetryCondition | number;

const isCondition = (word: string): word is RetryCondition =>
  (CONDITIONS as readonly string[]).includes(word);

function triggerOf(word: string): RetryTrigger | undefined {
  if (isCondition(word)) return word;
  if (word === 'per-try-timeout') return 'timeout';
  return /^[45]\d\d$/.test(word) ? Number(word) : undefined;
}

/** One trigger, or several with commas between them. */
const triggers = () =>
  z.union([z.string(), z.number()], { error: CONDITION_RULE }).transform((value, context): RetryTrigger[] => {
    const found = String(value)
      .split(',')
      .map((word) => triggerOf(word.trim()));
    const known = found.filter((trigger) => trigger !== undefined);
    if (known.length === found.length) return known;
    context.addIssue({ code: 'custom', message: CONDITION_RULE });
    return z.NEVER;
  });

const conditions = () => oneOrMore(triggers()).transform((lists) => [...new Set(lists.flat())]);

const backoffSchema = z
  .strictObject({
    base: duration()
      .prefault('25ms')
      .describe(
        'The wait before a retry is drawn at random from 0 to this, which doubles with each retry; 0 for no wait.',
      ),
    max: duration().prefault('250ms').describe('It never grows beyond this.'),
  })
  .refine((backoff) => backoff.base <= backoff.max, {
    path: ['max'],
    error: 'must not be shorter than base',
  });

const hedgeSchema = z.strictObject({
  after: positiveDuration()
    .describe(
      'Without a response head for this long, the request is sent to another endpoint as well; the first good response wins.',
    )
    .meta({ 'x-examples': ['100ms'] }),
  max: integer(1, 10).prefault(1).describe('Most such extra attempts of one request.'),
});

const policySchema = z
  .strictObject({
    attempts: integer(0, 10)
      .prefault(1)
      .describe('Most times a request is tried again. 1 is two attempts in all.'),
    on: conditions()
      .optional()
      .describe(
        'What is tried again: `connect-failure`, `refused-stream`, `reset`, `timeout`, `5xx`, `gateway-error`, `retriable-4xx`, or statuses. Default: `connect-failure` and `refused-stream`.',
      )
      .meta({
        'x-examples': [['connect-failure', 'reset', 503]],
        'x-type': 'condition or list of conditions',
      }),
    retryOn: conditions()
      .optional()
      .describe('Another name for `on`.')
      .meta({ 'x-examples': [['5xx']], 'x-type': 'condition or list of conditions' }),
    perTryTimeout: duration()
      .prefault('0s')
      .describe(
        'From the beginning of an attempt to its response head, the wait for a connection included; 0 for no limit. An attempt that exceeds it is tried again.',
      ),
    nonIdempotent: flag()
      .prefault(false)
      .describe(
        'Also send requests again that may have been served although their method (POST, PATCH) is not idempotent.',
      ),
    backoff: backoffSchema.prefault({}).describe('The wait before a retry.'),
    maxRetryAfter: duration()
      .prefault('1s')
      .describe(
        'A response that asks for a longer wait in Retry-After is passed on, unless there is another endpoint.',
      ),
    buffer: size(0, 16 * 1024 * 1024)
      .prefault('64KiB')
      .describe('Most bytes of a streamed request body that are kept to be sent again.'),
    hedge: hedgeSchema
      .optional()
      .describe('A second attempt beside a slow one, for idempotent requests whose body is here in full.'),
  })
  .refine((retry) => retry.on === undefined || retry.retryOn === undefined, {
    path: ['retryOn'],
    error: 'is another name for `on`: write one of them',
  })
  .refine(
    ({ attempts, hedge, on, retryOn }) =>
      attempts > 0 || hedge !== undefined || (on ?? retryOn) === undefined,
    {
      path: ['attempts'],
      error: 'must be at least 1: nothing else would be tried again',
    },
  )
  .refine((retry) => retry.attempts > 0 || retry.perTryTimeout === 0 || retry.hedge !== undefined, {
    path: ['perTryTimeout'],
    error: 'has no effect with no attempts: use timeouts.responseHead',
  });

export const retrySchema = z.union([policySchema, z.literal(false)], {
  error: 'must be an object such as { attempts: 2, on: [5xx] }, or false',
});

export const retryBudgetSchema = z.strictObject({
  percent: integer(0, 100)
    .prefault(20)
    .describe(
      'Retries and hedges that may run at once, as a share of the requests that run on this upstream in one worker.',
    ),
  minConcurrent: integer(0).prefault(3).describe('So many may run however few requests do.'),
});

export type RetryDocument = z.output<typeof retrySchema>;
