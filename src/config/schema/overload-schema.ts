/** Owns the grammar and defaults of `overload`, and of what routes say of it. */
import * as z from 'zod';
import { duration, positiveDuration, share, size } from './scalars.js';

/** A percentage above 0, or false for a step that is not taken. */
const threshold = () =>
  z
    .union([share(), z.literal(false)], { error: 'must be a percentage such as 95%, or false' })
    .refine((value) => value === false || value > 0, { error: 'must be more than 0%' })
    .optional()
    .meta({ 'x-type': 'percentage or false' });

const steps = {
  shortenIdle: threshold().describe(
    'From here on, connections that are idle for `overload.idleTimeout` are closed. Default: `85%`, but not later than `noKeepAlive`.',
  ),
  noKeepAlive: threshold().describe(
    'From here on, every response says that its connection closes; HTTP/2 clients get a GOAWAY. Default: `92%`, but not later than `shed`.',
  ),
  shed: threshold().describe('From here on, new requests are answered 503 with Retry-After. Default: `95%`.'),
};

export interface Written {
  readonly shortenIdle?: number | false | undefined;
  readonly noKeepAlive?: number | false | undefined;
  readonly shed?: number | false | undefined;
}

export interface Steps {
  readonly shortenIdle: number | undefined;
  readonly noKeepAlive: number | undefined;
  readonly shed: number | undefined;
}

/** Whoever moves a harder step down moves the milder ones along, unless they are written too. */
const withDefaults = <T extends Written>(written: T): Omit<T, keyof Written> & Steps => {
  const { shed = 0.95 } = written;
  const { noKeepAlive = Math.min(0.92, shed === false ? 1 : shed) } = written;
  const { shortenIdle = Math.min(0.85, noKeepAlive === false ? 1 : noKeepAlive) } = written;
  const taken = (value: number | false): number | undefined => (value === false ? undefined : value);
  return { ...written, shortenIdle: taken(shortenIdle), noKeepAlive: taken(noKeepAlive), shed: taken(shed) };
};

/** The harder a step, the later it comes. */
function ascend({ shortenIdle, noKeepAlive, shed }: Steps, context: z.core.$RefinementCtx): void {
  const complain = (path: string, mustReach: string): void => {
    context.addIssue({ code: 'custom', path: [path], message: `must not be less than ${mustReach}` });
  };
  if ((noKeepAlive ?? 1) < (shortenIdle ?? 0)) complain('noKeepAlive', 'shortenIdle');
  if ((shed ?? 1) < (noKeepAlive ?? 0)) complain('shed', 'noKeepAlive');
  else if ((shed ?? 1) < (shortenIdle ?? 0)) complain('shed', 'shortenIdle');
}

/** false for a resource that is not watched; true for the defaults. */
const watched = <T>(schema: z.ZodType<T, object>) =>
  z
    .union([schema, z.boolean()], { error: 'must be an object such as { shed: 95% }, or false' })
    .transform((value): T | undefined => {
      if (typeof value !== 'boolean') return value;
      return value ? schema.parse({}) : undefined;
    });

const fdsSchema = z.strictObject(steps).transform(withDefaults).superRefine(ascend);

const memorySchema = z
  .strictObject({
    ...steps,
    limit: size(1024 * 1024)
      .optional()
      .describe(
        'Resident memory of one worker that counts as 100%, beside the limits of its heap and of its cgroup.',
      )
      .meta({ 'x-examples': ['1GiB'] }),
  })
  .transform(withDefaults)
  .superRefine(ascend);

const loopDelaySchema = z
  .strictObject({
    ...steps,
    limit: positiveDuration().prefault('500ms').describe('Delay of the event loop that counts as 100%.'),
    window: positiveDuration()
      .prefault('5s')
      .describe('The delay is that of this time; its longest single pause is left out.'),
  })
  .transform(withDefaults)
  .superRefine(ascend);

const ladderSchema = z
  .strictObject({
    interval: duration()
      .refine((ms) => ms >= 10 && ms <= 10_000, { error: 'must be a duration from 10ms to 10s' })
      .prefault('250ms')
      .describe('How often each worker looks at its resources; 10ms to 10s.'),
    hysteresis: share()
      .prefault('5%')
      .describe('A step is left when the pressure is this many points below its threshold.'),
    hold: duration().prefault('1s').describe('A step lasts at least this long.'),
    idleTimeout: positiveDuration()
      .prefault('2s')
      .describe('How long connections may be idle, to clients and to upstreams, while `shortenIdle` holds.'),
    retryAfter: positiveDuration()
      .prefault('1s')
      .describe('What clients that are shed are told in Retry-After; whole seconds, rounded up.'),
    fds: watched(fdsSchema)
      .prefault({})
      .describe('Open file descriptors against the limit of the process; `false`: not watched.'),
    memory: watched(memorySchema)
      .prefault({})
      .describe(
        'The worst of heap against heap limit, cgroup memory against cgroup limit, and resident memory against `limit`; `false`: not watched.',
      ),
    loopDelay: watched(loopDelaySchema)
      .prefault({})
      .describe('How long whatever happens waits until the event loop takes it; `false`: not watched.'),
  })
  .superRefine(({ hysteresis, ...ladder }, context) => {
    const resources = [ladder.fds, ladder.memory, ladder.loopDelay];
    const thresholds = resources.flatMap((resource) =>
      resource === undefined ? [] : [resource.shortenIdle, resource.noKeepAlive, resource.shed],
    );
    if (thresholds.every((value) => value === undefined || value > hysteresis)) return;
    const message = 'must be less than every threshold: that step would never be left';
    context.addIssue({ code: 'custom', path: ['hysteresis'], message });
  });

const NOTHING_WATCHED = { fds: false, memory: false, loopDelay: false } as const;

/** `false` watches nothing. */
export const overloadSchema = z
  .union([ladderSchema, z.boolean()], { error: 'must be an object, or false' })
  .transform((value): OverloadDocument => {
    if (typeof value !== 'boolean') return value;
    return ladderSchema.parse(value ? {} : NOTHING_WATCHED);
  });

export type OverloadDocument = z.output<typeof ladderSchema>;

/** `overload` of a route. */
export const routeOverloadSchema = z.strictObject({
  priority: z
    .enum(['normal', 'critical'])
    .prefault('normal')
    .describe('Requests of `critical` routes are never shed: health checks of services, what must not fail.'),
});
