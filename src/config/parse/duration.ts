/** Owns the reading of durations such as `250ms`, `10s`, `5m` and `1h` into milliseconds. */
import { parsed, refused, type Parsed } from './parsed.js';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(\d{1,12}(?:\.\d{1,3})?)\s?(ms|s|m|h)$/;

/** Longest delay a Node timer can hold; anything longer would fire at once. */
const LONGEST_MS = 2_147_483_647;

/** Milliseconds. `0` needs no unit, every other number does. Refuses anything past 24 days. */
export function parseDuration(text: string): Parsed<number> {
  const trimmed = text.trim();
  if (trimmed === '0') return parsed(0);
  const match = DURATION.exec(trimmed);
  if (match === null) return refused(complaint(trimmed));
  const valueMs = Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0));
  return valueMs > LONGEST_MS ? refused('must be a duration of at most 596h') : parsed(valueMs);
}

function complaint(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return 'must be a duration with a unit: 250ms, 10s, 5m or 1h';
  if (text.startsWith('-')) return 'must be a duration that is not negative, such as 250ms, 10s, 5m or 1h';
  return 'must be a duration such as 250ms, 10s, 5m or 1h';
}
