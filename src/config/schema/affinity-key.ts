/** Owns how a configuration names what requests are recognised by: `{ header: x-user }`, `{ cookie: uid }`, `client-address` ... */
import * as z from 'zod';
import type { AffinityKeyConfig } from '../../contracts/config.js';
import { consistsOf, TOKEN } from '../../http/characters.js';
import { fieldName, text } from './scalars.js';

const WORDS = ['client-address', 'path', 'subject'] as const;

export const cookieName = (): z.ZodType<string, string> =>
  text('cookie name', (value) =>
    consistsOf(value, TOKEN)
      ? { ok: true, value }
      : { ok: false, message: 'must be a cookie name: no spaces, separators or control characters' },
  );

const fromRequest = z
  .strictObject({
    header: fieldName()
      .optional()
      .describe('Header field, as the client sent it; the first of several.')
      .meta({ 'x-examples': ['x-user'] }),
    cookie: cookieName()
      .optional()
      .describe('Cookie.')
      .meta({ 'x-examples': ['uid'] }),
    query: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('Query parameter; the first of several.')
      .meta({ 'x-examples': ['tenant'] }),
  })
  .refine(({ header, cookie, query }) => [header, cookie, query].filter(isGiven).length === 1, {
    error: 'must hold exactly one of header, cookie and query',
  });

const isGiven = (value: string | undefined): boolean => value !== undefined;

/** What a request is recognised by. */
export const affinityKey = (): z.ZodType<AffinityKeyConfig> =>
  z
    .union([z.enum(WORDS), fromRequest], {
      error: 'must be { header: … }, { cookie: … }, { query: … }, client-address, path or subject',
    })
    .transform((value): AffinityKeyConfig => {
      if (typeof value === 'string') return { kind: value };
      if (value.header !== undefined) return { kind: 'header', name: value.header };
      if (value.cookie !== undefined) return { kind: 'cookie', name: value.cookie };
      return { kind: 'query', name: value.query ?? '' };
    })
    .meta({ 'x-type': 'key of requests' });
