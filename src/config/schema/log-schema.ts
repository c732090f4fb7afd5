/** Owns the grammar and defaults of `log`. */
import * as z from 'zod';
import { isSecretName } from '../../http/secret-fields.js';
import { fieldName, filePath, flag, share, text } from './scalars.js';

const sourceSchema = z
  .strictObject({
    header: fieldName()
      .optional()
      .describe(
        'The request header of that name, but none that holds secrets. Of a URL neither password nor query is written.',
      ),
    claim: text('name', (value) => ({ ok: true, value }))
      .optional()
      .describe('The claim of that name, of the token that a filter has verified.'),
  })
  .refine(({ header, claim }) => (header === undefined) !== (claim === undefined), {
    error: 'must hold either header or claim',
  })
  .refine(({ header }) => header === undefined || !isSecretName(header), {
    path: ['header'],
    error: 'must not name a header that holds secrets',
  });

const accessSchema = z.strictObject({
  format: z
    .enum(['json', 'common', 'combined'])
    .prefault('json')
    .describe('`json` has every field; `common` and `combined` are the formats of Apache httpd and nginx.'),
  fields: z
    .record(
      z.string().regex(/^\w{1,40}$/, { error: 'must be a word of at most 40 characters' }),
      sourceSchema,
    )
    .prefault({})
    .describe('Written too, in the object `fields` of a JSON line: request headers, or claims of the token.')
    .meta({ 'x-examples': [{ tenant: { header: 'x-tenant' }, user: { claim: 'sub' } }] }),
  sample: share()
    .prefault('100%')
    .describe('Share of the requests that ended well. Refused and failed ones always have their line.')
    .meta({ 'x-examples': ['5%'] }),
  file: filePath()
    .optional()
    .describe(
      'Append to this file, not to standard output. After a rotation it is opened again within a second, without a signal.',
    )
    .meta({ 'x-examples': ['/var/log/torus/access.log'] }),
});

/** What `access: true` means. */
const ACCESS_DEFAULT = accessSchema.parse({});

export const logSchema = z.strictObject({
  level: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .prefault('info')
    .describe('Least important level that is written.'),
  access: z
    .union([flag(), accessSchema], {
      error: 'must be true, false, or an object such as { format: combined }',
    })
    .prefault(true)
    .transform((value) => (typeof value === 'boolean' ? (value ? ACCESS_DEFAULT : undefined) : value))
    .describe('Write one line for each request: `true`, `false`, or how.')
    .meta({ 'x-type': 'boolean, or an object' }),
  format: z
    .enum(['json', 'pretty'])
    .prefault('json')
    .describe('`pretty` is for people, `json` for machines.'),
});

export type LogDocument = z.output<typeof logSchema>;
