/** Owns the list of filters a route may name: each entry is an object with exactly one key. */
import * as z from 'zod';
import { bodyLimitSchema } from './filters/body-limit.js';
import { headersSchema } from './filters/headers.js';
import { ipAllowSchema } from './filters/ip-allow.js';
import { jwtAuthSchema } from './filters/jwt-auth.js';
import { redirectSchema } from './filters/redirect.js';

export const filterSchema = z
  .strictObject({
    'jwt-auth': jwtAuthSchema
      .optional()
      .describe('Lets only requests with a valid JSON Web Token through (401, or 403 for scopes).'),
    headers: headersSchema.optional().describe('Removes, sets and appends header fields.'),
    'body-limit': bodyLimitSchema
      .optional()
      .describe('Answers 413 to request bodies past a size. Buffers nothing.'),
    'ip-allow': ipAllowSchema.optional().describe('Lets only some client addresses through (403).'),
    redirect: redirectSchema.optional().describe('Answers with a redirect; nothing goes upstream.'),
  })
  .refine((filter) => Object.values(filter).filter((options) => options !== undefined).length === 1, {
    error: 'must hold exactly one filter, as in `- body-limit: { max: 1MiB }`',
  })
  .meta({ minProperties: 1, maxProperties: 1 });

export type FilterDocument = z.output<typeof filterSchema>;
