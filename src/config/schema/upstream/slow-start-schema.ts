/** Owns the grammar of `slowStart`. */
import * as z from 'zod';
import { positiveDuration, share } from '../scalars.js';

export const slowStartSchema = z.strictObject({
  window: positiveDuration()
    .describe('How long until the endpoint has its full weight.')
    .meta({ 'x-examples': ['30s'] }),
  aggression: z
    .union([z.number(), z.string()], { error: 'must be a number from 0.1 to 10' })
    .transform((value, context) => {
      const aggression = Number(value);
      if (aggression >= 0.1 && aggression <= 10) return aggression;
      context.addIssue({ code: 'custom', message: 'must be a number from 0.1 to 10' });
      return z.NEVER;
    })
    .prefault(1)
    .describe('Shape of the growth: 1 is linear, above 1 fast at first, below 1 slow at first.')
    .meta({ 'x-type': 'number' }),
  minWeight: share().prefault('10%').describe('Share of its weight that an endpoint begins with.'),
});

export type SlowStartDocument = z.output<typeof slowStartSchema>;
