/** Owns the reading of sizes such as `500B`, `16KiB`, `1MiB` and `1MB` into bytes. */
import { parsed, refused, type Parsed } from './parsed.js';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1000,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const SIZE = /^(\d{1,12}(?:\.\d{1,3})?)\s?([kKMG]?i?B)$/;

/** Bytes. `0` needs no unit, every other number does. `KB` is 1000 bytes, `KiB` is 1024. */
export function parseSize(text: string): Parsed<number> {
  const trimmed = text.trim();
  if (trimmed === '0') return parsed(0);
  const match = SIZE.exec(trimmed);
  const unit = UNIT_BYTES[match?.[2] ?? ''];
  if (match === null || unit === undefined) return refused(complaint(trimmed));
  const bytes = Number(match[1]) * unit;
  if (!Number.isSafeInteger(bytes)) return refused('must be a whole number of bytes');
  return parsed(bytes);
}

function complaint(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return 'must be a size with a unit: 500B, 16KiB, 1MiB or 1MB';
  return 'must be a size such as 500B, 16KiB, 1MiB or 1MB';
}
