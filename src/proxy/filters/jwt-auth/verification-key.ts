/** Owns the tie between a key and the algorithms it may be used with: the guard against algorithm confusion (RFC 8725 section 3.1). */
import { createPublicKey, createSecretKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from '../../../contracts/config.js';
import type { Jwk } from '../../../contracts/key-set.js';

export interface VerificationKey {
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  /** What fits the key, is allowed by the options, and by the key's own `alg`. */
  readonly algorithms: ReadonlySet<string>;
}

const BY_CURVE: Readonly<Record<string, readonly JwtAlgorithm[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};
const PSS: readonly JwtAlgorithm[] = ['PS256', 'PS384', 'PS512'];

/** A shared secret. Throws a RangeError when it looks like the text of a key that anybody may know. */
export function secretKeyOf(secret: string): KeyObject {
  if (secret.includes('-----BEGIN'))
    throw new RangeError('a shared secret must not be the text of a PEM key');
  return createSecretKey(Buffer.from(secret));
}

/** Public key, certificate or private key in PEM; only the public half is kept. Throws a RangeError on anything else. */
export function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new RangeError('the PEM text holds no key', { cause });
  }
}

/** Ties a key to the algorithms that fit it; undefined when none does. */
export function verificationKey(
  key: KeyObject,
  allowed: readonly JwtAlgorithm[],
  jwk: Jwk = {},
): VerificationKey | undefined {
  const { alg, kid } = jwk;
  const algorithms = allowed.filter(
    (name) => fitting(key).includes(name) && (alg === undefined || alg === name),
  );
  if (algorithms.length === 0) return undefined;
  return { key, keyId: typeof kid === 'string' ? kid : undefined, algorithms: new Set(algorithms) };
}

/**
 * A key of a JWKS document, or undefined when it is not for verifying signatures, or unusable. Shared secrets (`oct`) are
 * taken from files only: what a URL publishes is no secret.
 */
export function keyOfJwk(
  jwk: Jwk,
  allowed: readonly JwtAlgorithm[],
  acceptSecrets: boolean,
): VerificationKey | undefined {
  const { use, key_ops: operations, kty, k } = jwk;
  if (use !== undefined && use !== 'sig') return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined;
  if (kty === 'oct') {
    if (!acceptSecrets || typeof k !== 'string' || k === '') return undefined;
    return verificationKey(createSecretKey(Buffer.from(k, 'base64url')), allowed, jwk);
  }
  const key = importPublic(jwk);
  return key === undefined ? undefined : verificationKey(key, allowed, jwk);
}

function importPublic(jwk: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKeyInput['key'], format: 'jwk' });
  } catch {
    // One unusable key in a published set must not cost the others.
    return undefined;
  }
}

function fitting(key: KeyObject): readonly JwtAlgorithm[] {
  if (key.type === 'secret') return ['HS256', 'HS384', 'HS512'];
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  // RFC 7518 section 3.3: RSA keys shorter than 2048 bits must not be used.
  if (key.asymmetricKeyType === 'rsa') return modulusLength < 2048 ? [] : ['RS256', 'RS384', 'RS512', ...PSS];
  if (key.asymmetricKeyType === 'rsa-pss') return modulusLength < 2048 ? [] : PSS;
  return key.asymmetricKeyType === 'ec' ? (BY_CURVE[namedCurve] ?? []) : [];
}
