/** Owns the grammar and defaults of `discovery`: endpoints that are found, not written. */
import * as z from 'zod';
import { parseDnsServer } from '../../parse/dns-server.js';
import { parsed, refused } from '../../parse/parsed.js';
import { duration, filePath, integer, oneOrMore, positiveDuration, text } from '../scalars.js';

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;
type Records = 'A' | 'AAAA' | 'both' | 'SRV';
const RECORDS: Readonly<Record<string, Records>> = { a: 'A', aaaa: 'AAAA', both: 'both', srv: 'SRV' };

const records = (): z.ZodType<Records, string> =>
  text('A, AAAA, both or SRV', (value) => {
    const known = RECORDS[value.trim().toLowerCase()];
    return known === undefined ? refused('must be one of A, AAAA, both and SRV') : parsed(known);
  });

const dnsSchema = z
  .strictObject({
    name: z
      .string()
      .regex(HOST_NAME, { error: 'must be a DNS name such as users.default.svc.cluster.local' })
      .describe('The name that is asked for, complete: search domains and /etc/hosts are not used.'),
    type: records()
      .prefault('A')
      .describe(
        'Records that are asked for: `A`, `AAAA`, `both` of them, or `SRV`, which says ports and weights as well.',
      ),
    port: integer(1, 65535)
      .optional()
      .describe('Port of every endpoint. Not for SRV. Default: that of the scheme.'),
    scheme: z.enum(['http', 'https']).prefault('http').describe('How the endpoints are spoken to.'),
    servers: oneOrMore(text('address', parseDnsServer))
      .prefault([])
      .describe("DNS servers to ask, `address` or `address:port`, in place of the system's."),
    timeout: positiveDuration()
      .prefault('2s')
      .describe('Wait for one answer of a server; each is asked twice.'),
    minTtl: positiveDuration()
      .prefault('1s')
      .describe('The name is not asked for again sooner, whatever its TTL.'),
    maxTtl: positiveDuration()
      .prefault('60s')
      .describe('The name is asked for again after this, whatever its TTL.'),
    keepOnEmpty: duration()
      .prefault('30s')
      .describe(
        'How long the last endpoints are kept when the answer is that there are none (NXDOMAIN, no records).',
      ),
  })
  .superRefine((dns, context) => {
    if (dns.type === 'SRV' && dns.port !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['port'],
        message: 'must be left out: SRV records say the port',
      });
    if (dns.maxTtl < dns.minTtl)
      context.addIssue({ code: 'custom', path: ['maxTtl'], message: 'must not be shorter than minTtl' });
  });

export const discoverySchema = z
  .strictObject({
    dns: dnsSchema.optional().describe('The addresses of a name are the endpoints.'),
    file: filePath()
      .optional()
      .describe(
        'A YAML or JSON file with a list like `endpoints`. It is watched; relative to the configuration.',
      ),
  })
  .superRefine((discovery, context) => {
    if ((discovery.dns === undefined) === (discovery.file === undefined))
      context.addIssue({ code: 'custom', message: 'must have one of `dns` and `file`' });
  });

export type DiscoveryDocument = z.output<typeof discoverySchema>;
