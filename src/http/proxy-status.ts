import type { Cause } from '../contracts/cause.js';
import { proxyErrorOf } from '../errors/proxy-errors.js';

/**
 * Owns what Torus says in Proxy-Status (RFC 9209) of an error that it answers itself: a list of one member, in the syntax of
 * structured fields (RFC 9651), made once for each cause. What an upstream says there passes untouched.
 */

const made = new Map<Cause, string>();

/** `torus; error=connection_refused; details="upstream.connect.refused"`. */
export function proxyStatusOf(cause: Cause): string {
  let value = made.get(cause);
  if (value === undefined) {
    // A cause holds letters, dots and dashes only: nothing in it needs escaping.
    value = `torus; error=${proxyErrorOf(cause)}; details="${cause}"`;
    made.set(cause, value);
  }
  return value;
}
