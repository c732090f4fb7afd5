/** Owns the grammar and defaults of what routes say of tunnels: `upgrades`, `websocket` and `connect`. */
import * as z from 'zod';
import { flag, integer } from '../scalars.js';

const protocol = () =>
  z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be a protocol name such as websocket' })
    .refine((name) => name.toLowerCase() !== 'h2c', {
      error: 'must not be h2c: requests inside the tunnel would pass no route and no filter',
    })
    .refine((name) => name.toLowerCase() !== 'connect', {
      error: 'must not be connect, which is no protocol: `connect: true` makes a route for CONNECT',
    });

export const upgradesSchema = z
  .union([z.array(protocol()), protocol(), z.boolean()], { error: 'must be a list of protocols, or false' })
  .prefault(['websocket'])
  .transform((value) => {
    if (typeof value === 'boolean') return value ? ['websocket'] : [];
    return [value].flat().map((name) => name.toLowerCase());
  })
  .describe(
    'Protocols that a request may switch to, by Upgrade or by extended CONNECT (RFC 8441); `false` for none.',
  )
  .meta({ 'x-type': 'list of protocols, or false' });

export const websocketSchema = z
  .strictObject(
    {
      closeOnDrain: flag()
        .prefault(false)
        .describe(
          'Send a close frame (1001, going away) to the clients when the gateway drains, in place of cutting them at the deadline.',
        ),
    },
    { error: 'must be an object; `upgrades: false` refuses WebSocket' },
  )
  .prefault({})
  .describe('WebSocket connections of this route.');

const connectOptionsSchema = z.strictObject({
  ports: z
    .array(integer(1, 65_535))
    .min(1)
    .optional()
    .describe('Ports that a client may name. Left out: any.')
    .meta({ 'x-examples': [[5432]] }),
});

export const connectSchema = z
  .union([connectOptionsSchema, z.boolean()], { error: 'must be true, false, or an object with `ports`' })
  .transform((value) => {
    if (value === false) return undefined;
    return { ports: value === true ? [] : (value.ports ?? []) };
  })
  .optional()
  .describe(
    'Take CONNECT requests for these hosts, and nothing else: each becomes a tunnel of bare bytes to the upstream, whatever host it names. `match.path` must be `/*`.',
  )
  .meta({ 'x-type': 'boolean, or object with ports' });
