/** Owns the grammar of `balancer`: a word, or an object with one of them as its only key for those that have options. */
import * as z from 'zod';
import type { BalancerConfig } from '../../../contracts/config.js';
import { positiveDuration } from '../scalars.js';
import { affinityKey } from '../affinity-key.js';

const SIMPLE = ['least-request', 'round-robin', 'random'] as const;
const LIST = 'least-request, round-robin, random, peak-ewma';

const peakEwma = z.strictObject({
  decay: positiveDuration()
    .prefault('10s')
    .describe('Time constant of the latency average: how long a bad answer is remembered.'),
  failurePenalty: positiveDuration()
    .prefault('1s')
    .describe('What a failed attempt or a 5xx counts for at least, so that failing fast does not look fast.'),
});

const loadFactor = () =>
  z
    .union([z.number(), z.string(), z.literal(false)], { error: 'must be a number of at least 1, or false' })
    .transform((value, context) => {
      const factor = value === false ? 0 : Number(value);
      if (factor === 0 || (factor >= 1 && factor <= 1000)) return factor;
      context.addIssue({ code: 'custom', message: 'must be a number from 1 to 1000, or false for no bound' });
      return z.NEVER;
    })
    .meta({ 'x-type': 'number or false' });

const consistentHash = z.strictObject({
  on: affinityKey()
    .describe(
      'What decides: requests with the same value go to the same endpoint. Requests without it go by `least-request`.',
    )
    .meta({ 'x-examples': [{ header: 'x-user' }] }),
  loadFactor: loadFactor()
    .prefault(false)
    .describe(
      'Bounded load: an endpoint runs at most this many times its fair share; what is more goes to the next best for its key. `1.25` is usual.',
    ),
});

const withOptions = z
  .strictObject({
    'peak-ewma': peakEwma.optional().describe('The quicker of two endpoints, by a peak-sensitive average.'),
    ewma: peakEwma.optional().describe('The same as `peak-ewma`.'),
    'consistent-hash': consistentHash.optional().describe('The same endpoint for the same key.'),
  })
  .refine((balancer) => Object.values(balancer).filter((options) => options !== undefined).length === 1, {
    error:
      'must hold exactly one balancer that has options, as in `{ consistent-hash: { on: { header: x-user } } }`',
  })
  .meta({ minProperties: 1, maxProperties: 1 });

export const balancerSchema = z
  .union([z.enum([...SIMPLE, 'peak-ewma', 'ewma', 'consistent-hash']), withOptions], {
    error: `must be one of ${LIST}, or an object such as { consistent-hash: { on: { header: x-user } } }`,
  })
  .transform((value, context): BalancerConfig => {
    if (typeof value !== 'string') return chosen(value);
    if (value === 'consistent-hash') {
      const message = 'needs to be told what to hash, as in { consistent-hash: { on: { header: x-user } } }';
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    if (value === 'peak-ewma' || value === 'ewma') return ewmaOf(peakEwma.parse({}));
    return { kind: value };
  });

function chosen(value: z.output<typeof withOptions>): BalancerConfig {
  const hash = value['consistent-hash'];
  if (hash !== undefined) return { kind: 'consistent-hash', on: hash.on, loadFactor: hash.loadFactor };
  const ewma = value['peak-ewma'] ?? value.ewma;
  return ewmaOf(ewma ?? peakEwma.parse({}));
}

function ewmaOf({ decay, failurePenalty }: z.output<typeof peakEwma>): BalancerConfig {
  return { kind: 'peak-ewma', decayMs: decay, failurePenaltyMs: failurePenalty };
}
