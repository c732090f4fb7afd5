/** Owns the real clock of the lifecycle. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LifecycleClock } from './lifecycle-manager.js';

export const systemClock: LifecycleClock = {
  wait: async (durationMs, signal) => {
    try {
      await sleep(durationMs, undefined, { signal });
    } catch {
      // Aborted: whoever waited has what they waited for.
    }
  },
};
