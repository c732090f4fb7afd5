import { Token, serializeList } from 'structured-headers';
import type { Cause } from '../contracts/cause.js';
import { proxyErrorOf } from '../errors/proxy-errors.js';

/**
 * Owns what Torus says in Proxy-Status (RFC 9209) of an error that it answers itself: a list of one member, in the canonical form
 * of structured fields (RFC 9651 section 4.1), made once for each cause. What an upstream says there passes untouched.
 */

const UNNAMED = 'torus';
/** RFC 9651 section 4.1.7. A name in Via may be something else. */
const TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/;

const made = new Map<Cause, string>();
/** A reload may change it. */
let madeFor = UNNAMED;

/** `torus;error=connection_refused;details="upstream.connect.refused"`. `proxy`: who says it, its pseudonym in Via; empty for none. */
export function proxyStatusOf(cause: Cause, proxy: string): string {
  if (proxy !== madeFor) made.clear();
  madeFor = proxy;
  let value = made.get(cause);
  if (value === undefined) {
    value = serialise(cause, proxy === '' ? UNNAMED : proxy);
    made.set(cause, value);
  }
  return value;
}

function serialise(cause: Cause, proxy: string): string {
  const parameters = new Map<string, Token | string>([
    ['error', new Token(proxyErrorOf(cause))],
    ['details', cause],
  ]);
  return serializeList([[TOKEN.test(proxy) ? new Token(proxy) : proxy, parameters]]);
}
