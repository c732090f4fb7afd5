/** Waits for what has no event of its own: polls a predicate, and names it when it does not come true. */
import { setTimeout as delay } from 'node:timers/promises';

const STEP_MS = 5;

/** What a busy machine may add to a time limit. Below every limit that holds by default, so that one of those is told apart. */
export const BUSY_MS = 2_500;

/** Resolves with the first truthy value. Rejects after `timeoutMs` (default 5 s), saying what was waited for. */
export const until = async <T>(
  predicate: () => T | Promise<T>,
  timeoutMs = 5_000,
  what = predicate.toString(),
): Promise<Exclude<T, false | undefined | null | 0 | ''>> => {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await predicate();
    if (value) return value as Exclude<T, false | undefined | null | 0 | ''>;
    if (performance.now() > deadline) throw new Error(`not within ${String(timeoutMs)} ms: ${what}`);
    await delay(STEP_MS);
  }
};

/** Resolves once what is read is above 0 and has not changed for `quietMs`: a sender that is held back, say. */
export const untilStill = async (read: () => number, quietMs = 400, timeoutMs = 5_000): Promise<number> => {
  let last = -1;
  let since = performance.now();
  await until(
    () => {
      const now = read();
      if (now !== last) since = performance.now();
      last = now;
      return last > 0 && performance.now() - since > quietMs;
    },
    timeoutMs,
    'a standstill',
  );
  return last;
};

/** Rejects when `promise` takes longer than `timeoutMs`. */
export const within = async <T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${String(timeoutMs)} ms: ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
