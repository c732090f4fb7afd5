/** Owns which signature algorithms fit which public key (RFC 7518 section 3), so that no key is used for another kind. */
import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from '../../contracts/config.js';

export const SECRET_ALGORITHMS: readonly JwtAlgorithm[] = ['HS256', 'HS384', 'HS512'];

const CURVE_ALGORITHM: Readonly<Record<string, JwtAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** Smallest RSA key that RFC 7518 section 3.3 allows. */
const MIN_RSA_BITS = 2048;

export type KeyFit =
  /** `algorithms[0]` is the one to use unless told otherwise. */
  | { readonly ok: true; readonly kind: string; readonly algorithms: readonly JwtAlgorithm[] }
  | { readonly ok: false; readonly message: string };

export function algorithmsFor(key: KeyObject): KeyFit {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return rsaFit(modulusLength, ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']);
    case 'rsa-pss':
      return rsaFit(modulusLength, ['PS256', 'PS384', 'PS512']);
    case 'ec': {
      const algorithm = CURVE_ALGORITHM[namedCurve ?? ''];
      if (algorithm === undefined)
        return { ok: false, message: 'is an EC key on a curve that JWT does not use' };
      return { ok: true, kind: `EC key on ${namedCurve ?? ''}`, algorithms: [algorithm] };
    }
    default:
      return {
        ok: false,
        message: `is a key of type ${key.asymmetricKeyType ?? 'unknown'}: only RSA and EC keys are supported`,
      };
  }
}

function rsaFit(bits: number | undefined, algorithms: readonly JwtAlgorithm[]): KeyFit {
  if (bits !== undefined && bits < MIN_RSA_BITS)
    return { ok: false, message: `is an RSA key of ${String(bits)} bits: at least 2048 are needed` };
  return { ok: true, kind: 'RSA key', algorithms };
}
