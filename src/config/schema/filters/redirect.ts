/** Owns the options of the `redirect` filter. */
import * as z from 'zod';
import { parseFieldValue } from '../../parse/field.js';
import { refused, type Parsed } from '../../parse/parsed.js';
import { integer, text } from '../scalars.js';

/** What stands for a part of the request. Interpolation leaves these words alone in `location`. */
export const REDIRECT_PLACEHOLDERS: readonly string[] = ['scheme', 'host', 'path', 'query'];

const STATUSES = [301, 302, 303, 307, 308] as const;
type RedirectStatus = (typeof STATUSES)[number];
const isRedirectStatus = (status: number): status is RedirectStatus =>
  STATUSES.some((known) => known === status);

function parseLocation(location: string): Parsed<string> {
  const placeholders = [...location.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1] ?? '');
  if (!placeholders.every((word) => REDIRECT_PLACEHOLDERS.includes(word))) {
    return refused('must use no placeholders but ${scheme}, ${host}, ${path} and ${query}');
  }
  if (location === '' || /\s/.test(location)) return refused('must be a URL or a path without spaces');
  return parseFieldValue(location);
}

export const redirectSchema = z.strictObject({
  location: text('URL template', parseLocation)
    .describe(
      'Where to: `${scheme}`, `${host}`, `${path}` and `${query}` are replaced by those of the request.',
    )
    .meta({ 'x-examples': ['https://${host}${path}${query}'] }),
  status: integer(300, 399)
    .prefault(308)
    .transform((status, context): RedirectStatus => {
      if (isRedirectStatus(status)) return status;
      context.addIssue({ code: 'custom', message: 'must be one of 301, 302, 303, 307 and 308' });
      return z.NEVER;
    })
    .describe('Status of the answer: 301, 302, 303, 307 or 308.'),
});
