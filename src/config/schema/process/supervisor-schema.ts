/** Owns the grammar of `supervisor`: how the primary watches, replaces and renews its workers. */
import * as z from 'zod';
import { duration, positiveDuration, size } from '../scalars.js';

const recycleSchema = z.strictObject({
  maxAge: positiveDuration()
    .optional()
    .describe(
      'A worker that has served this long is replaced, up to a tenth sooner so that they do not come together. Unset: never.',
    )
    .meta({ 'x-examples': ['24h'] }),
  maxMemory: size()
    .optional()
    .describe(
      'A worker whose resident memory is above this is replaced; the pauses grow where new ones are above it as well. Unset: never.',
    )
    .meta({ 'x-examples': ['512MiB'] }),
});

export const supervisorSchema = z
  .strictObject({
    heartbeatTimeout: duration()
      .prefault('30s')
      .describe('A worker silent for this long is killed and replaced; 0 turns it off.'),
    startTimeout: positiveDuration()
      .prefault('30s')
      .describe('A worker must be ready this long after its fork.'),
    backoffMin: positiveDuration()
      .prefault('100ms')
      .describe('First delay before a worker that keeps crashing is forked again.'),
    backoffMax: positiveDuration().prefault('30s').describe('Longest such delay.'),
    drainTimeout: positiveDuration()
      .prefault('10m')
      .describe(
        'A worker that another one has replaced (changed listeners, recycling, fewer workers) may take this long to end its exchanges and tunnels before they are cut.',
      ),
    recycle: recycleSchema
      .prefault({})
      .describe('When workers are replaced by new ones, one at a time and without losing a request.'),
  })
  .refine((supervisor) => supervisor.backoffMin <= supervisor.backoffMax, {
    path: ['backoffMax'],
    error: 'must not be shorter than backoffMin',
  });

export type SupervisorDocument = z.output<typeof supervisorSchema>;
