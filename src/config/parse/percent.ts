/** Owns the reading of percentages such as `50%` into shares of one. */
import { parsed, refused, type Parsed } from './parsed.js';

/** A share from 0 to 1. The sign may be left out. */
export function parsePercent(text: string): Parsed<number> {
  const match = /^(\d{1,3}(?:\.\d{1,3})?)\s?%?$/.exec(text.trim());
  const share = match === null ? Number.NaN : Number(match[1]) / 100;
  return share >= 0 && share <= 1 ? parsed(share) : refused('must be a percentage from 0% to 100%');
}
