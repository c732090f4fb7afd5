/** Owns the grammar and defaults of `listeners[].proxyProtocol`. */
import * as z from 'zod';
import { cidr, positiveDuration } from '../scalars.js';

const senders = () => z.array(cidr()).min(1);

const optionsSchema = z.strictObject({
  from: senders()
    .optional()
    .describe(
      "The load balancers that send the header, as CIDRs. They must send it on every connection; nobody else's is read. Left out: `trustedProxies`.",
    )
    .meta({ 'x-examples': [['10.0.0.0/8']] }),
  timeout: positiveDuration()
    .prefault('5s')
    .describe('Deadline for the whole header, counted from the connection.'),
});

export const listenerProxyProtocolSchema = z
  .union([optionsSchema, senders(), z.boolean()], {
    error: 'must be an object with `from`, a list of CIDRs, true or false',
  })
  .transform((value) => {
    if (value === false) return undefined;
    if (value === true) return optionsSchema.parse({});
    return Array.isArray(value) ? { ...optionsSchema.parse({}), from: value } : value;
  })
  .meta({ 'x-type': 'object, list of CIDRs, or boolean' });

export type ListenerProxyProtocolDocument = z.output<typeof listenerProxyProtocolSchema>;
