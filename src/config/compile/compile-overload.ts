/** Owns the step from `overload` as written to the ladder as climbed. */
import type { OverloadConfig } from '../../contracts/overload.js';
import type { OverloadDocument } from '../schema/overload-schema.js';

export function compileOverload(document: OverloadDocument): OverloadConfig {
  const { fds, memory, loopDelay } = document;
  return {
    intervalMs: document.interval,
    holdMs: document.hold,
    hysteresis: document.hysteresis,
    idleTimeoutMs: document.idleTimeout,
    retryAfterSeconds: Math.ceil(document.retryAfter / 1000),
    fds,
    memory: memory && { ...stepsOf(memory), limitBytes: memory.limit },
    loopDelay: loopDelay && {
      ...stepsOf(loopDelay),
      limitMs: loopDelay.limit,
      windowMs: loopDelay.window,
    },
  };
}

type Steps = NonNullable<OverloadConfig['fds']>;

const stepsOf = ({ shortenIdle, noKeepAlive, shed }: Steps): Steps => ({ shortenIdle, noKeepAlive, shed });
