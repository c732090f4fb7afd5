/** Owns the grammar of `traceHeader`: who may ask what became of a request. */
import * as z from 'zod';
import { cidr } from './scalars.js';

const askers = () => z.array(cidr()).min(1);

const optionsSchema = z.strictObject({
  from: askers()
    .optional()
    .describe(
      'Addresses that may ask, as CIDRs. What counts is the client: behind `trustedProxies` the one that X-Forwarded-For names. Left out: `trustedProxies`.',
    )
    .meta({ 'x-examples': [['10.0.0.0/8']] }),
});

/** Undefined when nothing is written: then the trusted proxies may, if there are any. */
export const traceHeaderSchema = z
  .union([optionsSchema, askers(), z.boolean()], {
    error: 'must be an object with `from`, a list of CIDRs, true or false',
  })
  .transform((value) => (Array.isArray(value) ? { from: value } : value === true ? {} : value))
  .optional()
  .describe(
    'Requests with `x-torus-trace: 1` are answered with a field of that name that says what became of them: route, filters, endpoint, attempts, cause. Only for these clients; the field of everyone else is ignored, and none goes upstream. `false` turns it off. Default: clients in `trustedProxies`.',
  )
  .meta({ 'x-type': 'object, list of CIDRs, or boolean' });
