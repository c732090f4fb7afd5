import { Token, serializeList } from 'structured-headers';
import type { Cause } from '../contracts/cause.js';
import { proxyErrorOf } from '../errors/proxy-errors.js';

/**
 * Owns what Torus says in Proxy-Status (RFC 9209) of an error that it answers itself: a list of one member, in the canonical form
 * of structured fields (RFC 9651 section 4.1), made once for each cause. What an upstream says there passes untouched.
 */

const made = new Map<Cause, string>();

/** `torus;error=connection_refused;details="upstream.connect.refused"`. */
export function proxyStatusOf(cause: Cause): string {
  let value = made.get(cause);
  if (value === undefined) {
    value = serialise(cause);
    made.set(cause, value);
  }
  return value;
}

function serialise(cause: Cause): string {
  const parameters = new Map<string, Token | string>([
    ['error', new Token(proxyErrorOf(cause))],
    ['details', cause],
  ]);
  return serializeList([[new Token('torus'), parameters]]);
}
