/** Owns the question whether a token holds every scope a route asks for (RFC 8693 section 4.2; `scp` as some issuers write it). */
import type { Claims } from './token-verifier.js';

/** Both claims may be a list, or one string with spaces between. Their scopes add up. */
export function holdsScopes(claims: Claims, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const held = new Set([...scopesIn(claims['scope']), ...scopesIn(claims['scp'])]);
  return wanted.every((scope) => held.has(scope));
}

function scopesIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((scope) => typeof scope === 'string') : [];
}
