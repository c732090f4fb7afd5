/** Owns the grammar of `sticky`: clients that come back to the endpoint they had. */
import * as z from 'zod';
import { parsed, refused, type Parsed } from '../../parse/parsed.js';
import { duration, flag, text } from '../scalars.js';
import { cookieName } from '../affinity-key.js';

const attribute = (what: string) =>
  z.string().regex(/^[\x21-\x3a\x3c-\x7e]+$/, { error: `must be ${what} without spaces and semicolons` });

type SameSite = 'strict' | 'lax' | 'none';

function parseSameSite(written: string): Parsed<SameSite> {
  const value = (['strict', 'lax', 'none'] as const).find((word) => word === written.toLowerCase());
  return value === undefined ? refused('must be strict, lax or none') : parsed(value);
}

const cookieSchema = z
  .strictObject({
    name: cookieName()
      .optional()
      .describe('Name of the cookie. Default: `torus_` and the name of the upstream.')
      .meta({ 'x-examples': ['torus_users'] }),
    ttl: duration().prefault('0s').describe('`Max-Age`; 0 for a cookie that ends with the browser.'),
    path: attribute('a path')
      .refine((path) => path.startsWith('/'), { error: 'must be a path that begins with /' })
      .prefault('/')
      .describe('`Path`.'),
    domain: attribute('a domain')
      .optional()
      .describe('`Domain`. Left out: this host only.')
      .meta({ 'x-examples': ['example.com'] }),
    httpOnly: flag().prefault(true).describe('`HttpOnly`: scripts of the page cannot read it.'),
    secure: z
      .union([flag(), z.literal('auto')], { error: 'must be true, false or auto' })
      .prefault('auto')
      .describe('`Secure`; `auto` sets it where the client asked over TLS.')
      .meta({ 'x-type': 'boolean or auto' }),
    sameSite: text('strict, lax or none', parseSameSite).prefault('lax').describe('`SameSite`.'),
    secret: z
      .string()
      .min(16, { error: 'must have at least 16 characters' })
      .optional()
      .describe(
        'Keys the names of the endpoints in the cookie, so that their addresses cannot be guessed from it.',
      )
      .meta({ 'x-examples': ['${STICKY_SECRET}'] }),
  })
  .superRefine(({ sameSite, secure }, context) => {
    if (sameSite === 'none' && secure === false)
      context.addIssue({
        code: 'custom',
        path: ['secure'],
        message: 'must not be false with `sameSite: none`: browsers refuse such a cookie',
      });
  });

export const stickySchema = z.strictObject({
  cookie: z
    .union([cookieName(), cookieSchema], { error: 'must be the name of a cookie, or an object' })
    .transform((value) => (typeof value === 'string' ? cookieSchema.parse({ name: value }) : value))
    .describe('Torus names the endpoint in a cookie, opaquely.'),
});

export type StickyDocument = z.output<typeof stickySchema>;
