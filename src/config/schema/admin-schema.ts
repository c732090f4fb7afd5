/** Owns the keys of the admin API. */
import * as z from 'zod';
import { parseAdminAddress, type AdminAddress } from '../parse/admin-address.js';
import { text } from './scalars.js';

const SHORTEST_TOKEN = 16;

export const adminSchema = z.strictObject({
  address: text<AdminAddress>('address', parseAdminAddress)
    .optional()
    .describe(
      'Where the admin API listens: `host:port`, or `unix:PATH` for a socket that only its owner may use. Default: `127.0.0.1:9901`, or a free port, with a warning, when that one is taken. Bound to anything but loopback it answers probes and metrics only, unless there are `token` and `tls`.',
    ),
  token: z
    .string()
    .min(SHORTEST_TOKEN, `must have at least ${String(SHORTEST_TOKEN)} characters`)
    .regex(/^[\x21-\x7e]+$/, 'must be made of visible ASCII characters')
    .optional()
    .describe(
      'What callers must send as `Authorization: Bearer`; only `/livez` and `/readyz` are answered without it. Write `${TORUS_ADMIN_TOKEN}`, not the secret.',
    ),
  tls: z
    .strictObject({
      cert: z.string().min(1).describe('Certificate chain in PEM form.'),
      key: z.string().min(1).describe('Its private key in PEM form.'),
    })
    .optional()
    .describe('HTTPS in place of HTTP. Needed with a token where the address is not loopback.'),
});
