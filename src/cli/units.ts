/** Owns how durations and sizes are written for people: three figures at the most, and a unit. */

const TIMES = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const;
const SIZES = [
  [2 ** 30, 'G'],
  [2 ** 20, 'M'],
  [2 ** 10, 'K'],
] as const;

/** `12ms`, `3.4s`, `2.5h`. */
export const shortTime = (durationMs: number): string => short(durationMs, TIMES, 'ms');

/** `512`, `7.0M`. */
export const shortSize = (bytes: number): string => short(bytes, SIZES, '');

const short = (
  value: number,
  units: readonly (readonly [size: number, unit: string])[],
  smallest: string,
): string => {
  const found = units.find(([size]) => value >= size);
  if (found === undefined) return `${Math.round(value)}${smallest}`;
  const [size, unit] = found;
  const amount = value / size;
  return `${amount.toFixed(amount < 9.95 ? 1 : 0)}${unit}`;
};
