/** Owns the options of the `jwt-auth` filter. */
import * as z from 'zod';
import { consistsOf, TOKEN } from '../../../http/characters.js';
import { parseDocumentUrl } from '../../parse/endpoint-url.js';
import { parseWritableFieldName } from '../../parse/field.js';
import { duration, fieldName, filePath, flag, integer, oneOrMore, size, text } from '../scalars.js';

const ALGORITHMS = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
] as const; // prettier-ignore

/** The line that operators and black-box tests rely on. */
export const JWT_SECRET_MISSING = 'JWT Secret is required to boot JWT Authenticator.';

const KEY_SOURCES = ['secret', 'publicKey', 'jwks', 'jwksUrl'] as const;

const tokenName = () =>
  text('name', (value) =>
    consistsOf(value, TOKEN)
      ? { ok: true, value }
      : { ok: false, message: 'must be a name without spaces or separators' },
  );

const fromSchema = z
  .strictObject({
    header: fieldName()
      .optional()
      .describe('Header field that carries the token.')
      .meta({ 'x-examples': ['authorization'] }),
    scheme: z
      .string()
      .regex(/^[A-Za-z0-9-]*$/, { error: 'must be an authentication scheme such as Bearer, or empty' })
      .optional()
      .describe('Word before the token in that field. `Bearer` in `authorization`, otherwise none.'),
    cookie: tokenName().optional().describe('Cookie that carries the token.'),
    query: tokenName()
      .optional()
      .describe('Query parameter that carries the token. It ends up in logs of others: prefer a header.'),
  })
  .superRefine((from, context) => {
    const places = [from.header, from.cookie, from.query].filter((place) => place !== undefined);
    if (places.length !== 1)
      context.addIssue({ code: 'custom', message: 'must hold exactly one of header, cookie and query' });
    else if (from.scheme !== undefined && from.header === undefined) {
      context.addIssue({ code: 'custom', path: ['scheme'], message: 'must stand with `header` only' });
    }
  });

const claimsToHeadersSchema = z
  .record(z.string(), text('header name', parseWritableFieldName))
  .superRefine((claims, context) => {
    const seen = new Set<string>();
    for (const [claim, field] of Object.entries(claims)) {
      if (seen.has(field))
        context.addIssue({
          code: 'custom',
          path: [claim],
          message: 'must not name a header that another claim has',
        });
      seen.add(field);
    }
  });

export const jwtAuthSchema = z
  .strictObject({
    secret: z
      .string({ error: (issue) => (issue.input === null ? JWT_SECRET_MISSING : 'must be a string') })
      .min(1, { error: JWT_SECRET_MISSING })
      .optional()
      .describe(
        'Shared secret for HS256, HS384 and HS512, of at least 32 bytes. Take it from the environment.',
      )
      .meta({ 'x-examples': ['${JWT_SECRET}'] }),
    publicKey: filePath()
      .optional()
      .describe('PEM file with the public key or certificate of the issuer.')
      .meta({ 'x-examples': ['keys/issuer.pem'] }),
    jwks: filePath()
      .optional()
      .describe('File with a JSON Web Key Set.')
      .meta({ 'x-examples': ['keys/jwks.json'] }),
    jwksUrl: text('URL', parseDocumentUrl)
      .optional()
      .describe('Where the issuer publishes its JSON Web Key Set. Fetched once for the instance.')
      .meta({ 'x-examples': ['https://issuer.example/.well-known/jwks.json'] }),
    algorithms: z
      .array(z.enum(ALGORITHMS, { error: `must be one of ${ALGORITHMS.join(', ')}` }))
      .min(1)
      .optional()
      .describe(
        'Signatures accepted. Default: HS256 for a secret, what fits the key for a file, RS256 for `jwksUrl`.',
      )
      .meta({ 'x-examples': [['RS256']] }),
    issuer: oneOrMore(z.string().min(1))
      .prefault([])
      .describe('Accepted `iss`; empty for any.')
      .meta({ 'x-type': 'string or list', 'x-examples': ['https://issuer.example'] }),
    audience: oneOrMore(z.string().min(1))
      .prefault([])
      .describe('Accepted `aud`; empty for any.')
      .meta({ 'x-type': 'string or list', 'x-examples': ['api'] }),
    leeway: duration().prefault('5s').describe('Tolerated difference of clocks for `exp` and `nbf`.'),
    requireExp: flag().prefault(true).describe('Refuse tokens that never expire.'),
    requiredClaims: z
      .record(
        z.string(),
        z.union([z.string(), z.number(), z.boolean()], {
          error: 'must be a string, a number, true or false',
        }),
      )
      .prefault({})
      .describe('Claims that must be there with exactly this value.')
      .meta({ 'x-examples': [{ tenant: 'acme' }] }),
    scopes: z
      .array(z.string().min(1))
      .prefault([])
      .describe('Scopes that must all be in `scope` or `scp`; 403 otherwise.')
      .meta({ 'x-examples': [['users:read']] }),
    from: fromSchema
      .prefault({ header: 'authorization' })
      .describe('Where the token is: one of `header`, `cookie` and `query`.'),
    claimsToHeaders: claimsToHeadersSchema
      .prefault({})
      .describe(
        'Claims to send upstream, each as a header field. Copies sent by clients are always stripped.',
      )
      .meta({ 'x-examples': [{ sub: 'x-auth-subject' }] }),
    forwardToken: flag().prefault(true).describe('Send the token itself upstream too.'),
    maxToken: size(16).prefault('8KiB').describe('Longest token looked at.'),
    cacheSize: integer(0, 10_000_000)
      .prefault(10_000)
      .describe('Verified tokens remembered by a worker; 0 for none.'),
    realm: z
      .string()
      .regex(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/, {
        error: 'must be visible ASCII without quotes and backslashes',
      })
      .prefault('torus')
      .describe('`realm` in the WWW-Authenticate field of a 401.'),
  })
  .superRefine((options, context) => {
    const sources = KEY_SOURCES.filter((source) => options[source] !== undefined);
    if (sources.length !== 1) {
      context.addIssue({ code: 'custom', message: `must hold exactly one of ${KEY_SOURCES.join(', ')}` });
    }
  });

export type JwtAuthDocument = z.output<typeof jwtAuthSchema>;
