/** Owns the grammar and defaults of what bounds the requests of an upstream: `limits` and `adaptiveConcurrency`. */
import * as z from 'zod';
import { flag, integer, positiveDuration } from '../scalars.js';

export const limitsSchema = z.strictObject({
  maxRequests: integer(1)
    .optional()
    .describe('Most requests that run at once on all endpoints together; the next one waits.')
    .meta({ 'x-examples': [200] }),
  maxConnections: integer(1)
    .optional()
    .describe(
      'Most connections to all endpoints together, idle ones included; an idle one makes room for one that is needed.',
    )
    .meta({ 'x-examples': [500] }),
  maxPending: integer(0)
    .prefault(1024)
    .describe('Most requests that wait because of maxRequests; the next one is answered 503.'),
  pendingTimeout: positiveDuration()
    .prefault('3s')
    .describe('How long a request waits before it is answered 503.'),
});

const adaptiveOptionsSchema = z
  .strictObject({
    min: integer(1).prefault(3).describe('The limit is never lower.'),
    max: integer(1).prefault(1000).describe('The limit is never higher.'),
    initial: integer(1).prefault(20).describe('The limit until the latency has been measured.'),
    sampleWindow: positiveDuration().prefault('100ms').describe('The limit is set anew this often.'),
    minRttInterval: positiveDuration()
      .prefault('60s')
      .describe('The latency without load is measured anew this often; the limit is at `min` meanwhile.'),
    jitter: integer(0, 100)
      .prefault(15)
      .describe(
        'Percent by which that interval varies, so that workers and instances do not measure together.',
      ),
    tolerance: integer(0, 1000)
      .prefault(25)
      .describe('Percent by which latency may exceed that without load before the limit goes down.'),
  })
  .refine(({ min, max }) => min <= max, { path: ['max'], error: 'must not be less than min' })
  .refine(({ min, max, initial }) => initial >= min && initial <= max, {
    path: ['initial'],
    error: 'must lie between min and max',
  });

/** `true` stands for the defaults. */
export const adaptiveConcurrencySchema = z
  .union([adaptiveOptionsSchema, flag()], { error: 'must be true, false, or an object such as { max: 200 }' })
  .transform((value) => {
    if (typeof value === 'object') return value;
    return value ? adaptiveOptionsSchema.parse({}) : undefined;
  });

export type LimitsDocument = z.output<typeof limitsSchema>;
export type AdaptiveConcurrencyDocument = z.output<typeof adaptiveConcurrencySchema>;
