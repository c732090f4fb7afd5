/** Owns the options of a jwt-auth filter as config would hand them over, so that a test names only what it is about. */
import type { JwtAuthOptions } from '../../src/contracts/config.js';

export function jwtAuthOptions(
  options: Partial<JwtAuthOptions> & Pick<JwtAuthOptions, 'key'>,
): JwtAuthOptions {
  return {
    algorithms: ['HS256'],
    issuer: [],
    audience: [],
    leewayMs: 0,
    requireExp: true,
    requiredClaims: {},
    scopes: [],
    from: { kind: 'header', name: 'authorization', scheme: 'Bearer' },
    claimsToHeaders: {},
    forwardToken: true,
    maxTokenBytes: 8192,
    cacheSize: 100,
    realm: 'torus',
    ...options,
  };
}
