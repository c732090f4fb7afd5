/** Owns the reading of sets of statuses such as `200`, `200-299` and `2xx`. */
import { parsed, refused, type Parsed } from './parsed.js';

/** Both ends are included. */
export type StatusRange = readonly [from: number, to: number];

export function parseStatusRange(text: string): Parsed<StatusRange> {
  const family = /^([1-5])xx$/i.exec(text.trim())?.[1];
  if (family !== undefined) return parsed([Number(family) * 100, Number(family) * 100 + 99]);
  const match = /^(\d{3})(?:\s?-\s?(\d{3}))?$/.exec(text.trim());
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (from >= 100 && to <= 599 && from <= to) return parsed([from, to]);
  return refused('must be a status such as 200, or a range such as 200-299');
}
