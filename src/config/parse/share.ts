/** Owns the reading of shares such as `10%` into numbers from 0 to 1. */
import { parsed, refused, type Parsed } from './parsed.js';

const COMPLAINT = 'must be a percentage such as 10% or 0.5%, at most 100%';

/** `10%`; or without the sign a fraction such as `0.1`, or a number above 1 such as `10`, which can only be a percentage. */
export function parseShare(text: string): Parsed<number> {
  const match = /^(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})\s?(%?)$/.exec(text.trim());
  if (match === null) return refused(COMPLAINT);
  const number = Number(match[1]);
  const share = match[2] === '%' || number > 1 ? number / 100 : number;
  return share > 1 ? refused(COMPLAINT) : parsed(share);
}
