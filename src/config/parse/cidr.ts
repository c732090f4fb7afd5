/** Owns the reading of address ranges: `10.0.0.0/8`, `fd00::/8` or one address. */
import { isIP } from 'node:net';
import { parsed, refused, type Parsed } from './parsed.js';

const PREFIX_LIMIT: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** The range as written, once it is known to be one. Host bits past the prefix are allowed: they are ignored. */
export function parseCidr(text: string): Parsed<string> {
  const [address = '', prefix, ...rest] = text.split('/');
  const limit = PREFIX_LIMIT[isIP(address)];
  if (limit === undefined || rest.length > 0 || address.includes('%')) {
    return refused('must be an IP address or a range such as 10.0.0.0/8 or fd00::/8');
  }
  if (prefix === undefined) return parsed(text);
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > limit) {
    return refused(`must have a prefix length from 0 to ${String(limit)}, as in 10.0.0.0/8`);
  }
  return parsed(`${address}/${String(Number(prefix))}`);
}
