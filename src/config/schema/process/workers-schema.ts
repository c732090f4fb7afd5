/** Owns the grammar of `workers`: a number, `auto`, or bounds between which the instance decides for itself. */
import * as z from 'zod';
import { countOrAuto, duration, integer, numeric, positiveDuration, share } from '../scalars.js';
import { parseDuration } from '../../parse/duration.js';

const MAX_WORKERS = 1024;
const SHORTEST_INTERVAL_MS = 100;

const interval = (): ReturnType<typeof numeric<number>> =>
  numeric('duration', (value) => {
    const result = parseDuration(value);
    return result.ok && result.value < SHORTEST_INTERVAL_MS
      ? { ok: false, message: 'must be a duration of at least 100ms' }
      : result;
  });

const adaptiveSchema = z
  .strictObject({
    min: countOrAuto(1, MAX_WORKERS).prefault(1).describe('Never fewer. `auto` is one for each processor.'),
    max: countOrAuto(1, MAX_WORKERS)
      .prefault('auto')
      .describe('Never more. `auto` is one for each processor, within the CPU quota of the container.'),
    sockets: integer(1)
      .prefault(5000)
      .describe('One more when the workers hold this many client connections each, on average.'),
    heap: share()
      .prefault('75%')
      .describe('One more when this share of the heap limit is in use, on average.'),
    loopDelay: positiveDuration()
      .prefault('100ms')
      .describe(
        'One more when the event loops are this late, on average over the workers (99th percentile).',
      ),
    interval: interval().prefault('5s').describe('How often the workers are measured; at least 100ms.'),
    upAfter: duration().prefault('15s').describe('One of the three must be exceeded for this long.'),
    downAfter: duration()
      .prefault('5m')
      .describe('One less when all three would stay below 70% of their limit without it, for this long.'),
    cooldown: duration().prefault('30s').describe('No change sooner than this after the last one.'),
  })
  .refine(({ min, max }) => min === 'auto' || max === 'auto' || min <= max, {
    path: ['max'],
    error: 'must not be less than min',
  });

export const workersSchema = z.union([countOrAuto(1, MAX_WORKERS), adaptiveSchema], {
  error: 'must be auto, a whole number from 1 to 1024, or an object with `min` and `max`',
});

export type WorkersDocument = z.output<typeof workersSchema>;
