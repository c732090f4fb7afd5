import type { Fields } from '../contracts/fields.js';

/** Owns Max-Forwards (RFC 9110 section 7.6.2): how many more gateways an OPTIONS request may pass. */

const LIMIT = /^\d{1,9}$/;

/** Spends one hop. `last`: this gateway is the final recipient. `malformed`: nobody can say who is. */
export function spendForward(fields: Fields): 'on' | 'last' | 'malformed' {
  const [value, ...others] = fields.getAll('max-forwards');
  if (value === undefined) return 'on';
  if (others.length > 0 || !LIMIT.test(value)) return 'malformed';
  if (Number(value) === 0) return 'last';
  fields.set('max-forwards', String(Number(value) - 1));
  return 'on';
}
