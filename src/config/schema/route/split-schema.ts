/** Owns the grammar of `upstream` in a route: one name, or several with their shares of the requests. */
import * as z from 'zod';
import { integer } from '../scalars.js';
import { affinityKey } from '../affinity-key.js';

const weight = () => integer(0, 1_000_000);

const splitTarget = z.strictObject({
  upstream: z
    .string()
    .min(1)
    .describe('Name of the upstream.')
    .meta({ 'x-examples': ['canary'] }),
  weight: weight()
    .describe('Share of the requests, relative to the others; 0 for none.')
    .meta({ 'x-examples': [5] }),
});

/** Where in the document a target stands, for problems with it. */
export interface SplitTargetDocument {
  readonly key: string | number;
  readonly upstream: string;
  readonly weight: number;
}

const targets = z
  .union([z.array(splitTarget), z.record(z.string().min(1), weight())], {
    error: 'must be a list of { upstream, weight }, or an object of weights by upstream',
  })
  .transform((value): readonly SplitTargetDocument[] =>
    Array.isArray(value)
      ? value.map((target, key) => ({ key, ...target }))
      : Object.entries(value).map(([upstream, share]) => ({ key: upstream, upstream, weight: share })),
  )
  .superRefine((list, context) => {
    if (list.length === 0) context.addIssue({ code: 'custom', message: 'must have at least one entry' });
    else if (list.every((target) => target.weight === 0))
      context.addIssue({
        code: 'custom',
        message: 'must have a weight above 0: no request could go anywhere',
      });
  });

export const splitSchema = z.strictObject({
  split: targets
    .describe('Upstreams with their weights: a list of `{ upstream, weight }`, or `{ name: weight }`.')
    .meta({
      'x-examples': [
        [
          { upstream: 'stable', weight: 95 },
          { upstream: 'canary', weight: 5 },
        ],
        { stable: 95, canary: 5 },
      ],
    }),
  by: affinityKey()
    .optional()
    .describe('Keeps requests with the same value on one side. Left out: each request by chance.')
    .meta({ 'x-examples': [{ cookie: 'uid' }] }),
});

export type SplitDocument = z.output<typeof splitSchema>;

export const routeUpstreamSchema = z.union([z.string().min(1), splitSchema], {
  error: 'must be the name of an upstream, or an object with `split`',
});
