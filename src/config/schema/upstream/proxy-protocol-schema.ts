/** Owns the grammar of `upstreams.*.proxyProtocol`. */
import * as z from 'zod';

export const upstreamProxyProtocolSchema = z
  .union([z.enum(['v1', 'v2', '1', '2']), z.literal(1), z.literal(2), z.literal(false)], {
    error: 'must be v1, v2 or false',
  })
  .transform((value) => {
    if (value === false) return undefined;
    return String(value).endsWith('1') ? ('v1' as const) : ('v2' as const);
  })
  .meta({ 'x-type': 'v1, v2 or false' });
