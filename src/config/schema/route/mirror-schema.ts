/** Owns the grammar of `mirror` in a route. */
import * as z from 'zod';
import { flag, integer, positiveDuration, share, size } from '../scalars.js';

export const mirrorSchema = z.strictObject({
  upstream: z
    .string()
    .min(1)
    .describe('Name of the upstream that gets the copies. Not one that the route itself uses.')
    .meta({ 'x-examples': ['shadow'] }),
  sample: share().prefault('100%').describe('Share of the requests that are copied.'),
  maxBody: size(0).prefault('64KiB').describe('Requests with a longer body are not copied.'),
  maxResponse: size(0)
    .prefault('1MiB')
    .describe('What is read of an answer at most, to keep the connection; all of it is thrown away.'),
  maxInFlight: integer(1, 100_000)
    .prefault(64)
    .describe('Copies under way at once in one worker; requests beyond it are not copied.'),
  timeout: positiveDuration()
    .prefault('5s')
    .describe('How long a copy may take, from its connection to the end of the answer.'),
  compare: flag()
    .prefault(false)
    .describe('Count whether status and latency of the copy differ from those of the original.'),
});

export type MirrorDocument = z.output<typeof mirrorSchema>;
