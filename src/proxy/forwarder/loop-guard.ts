import type { Fields } from '../../contracts/fields.js';

/**
 * Owns the end of endless loops (RFC 9110 section 7.6): a gateway whose upstream leads back to it finds its own name in Via
 * again and again. Once is no loop: gateways in a chain may share a name.
 */

/** Times that the own name may stand in Via. Envoy's filter for CDN-Loop (RFC 8586) counts the same way. */
const MAX_OWN_HOPS = 8;

export type LoopGuard = (fields: Fields) => boolean;

/** Says whether a request has come round too often. Without a name in Via there is nothing to know it by. */
export function loopGuardFor(pseudonym: string): LoopGuard {
  if (pseudonym === '') return () => false;
  return (fields) => {
    if (!fields.has('via')) return false;
    const hops = fields.getAll('via').join(',').split(',');
    return hops.filter((hop) => hop.trim().split(/[ \t]+/)[1] === pseudonym).length >= MAX_OWN_HOPS;
  };
}
