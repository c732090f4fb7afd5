/** Owns the judgement of one token with one key: signature, times, issuer, audience (RFC 7519 section 7.2), then the required claims. */
import type { KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { JwtAlgorithm, JwtAuthOptions } from '../../../contracts/config.js';

export type Claims = Readonly<Record<string, unknown>>;

/** Words for the client. None of them tells which of several accepted values would have passed. */
export type Refusal =
  | 'The token is malformed.'
  | 'The token has expired.'
  | 'The token is not valid yet.'
  | 'The token is not accepted here.';

export type Verification = { readonly claims: Claims } | { readonly refusal: Refusal };

export class TokenVerifier {
  private readonly options: JwtAuthOptions;
  private readonly required: readonly (readonly [string, unknown])[];

  constructor(options: JwtAuthOptions) {
    this.options = options;
    this.required = Object.entries(options.requiredClaims);
  }

  /** `algorithm` must be the token's own and one that fits the key. `nowMs`: wall clock, not 0. */
  verify(token: string, key: KeyObject, algorithm: string, nowMs: number): Verification {
    try {
      const claims: unknown = jwt.verify(token, key, this.verifyOptions(algorithm, nowMs));
      return isClaims(claims) && this.holdsRequired(claims)
        ? { claims }
        : { refusal: 'The token is not accepted here.' };
    } catch (error) {
      return { refusal: refusalOf(error) };
    }
  }

  private verifyOptions(algorithm: string, nowMs: number): jwt.VerifyOptions & { complete?: false } {
    const { issuer, audience, leewayMs } = this.options;
    return {
      algorithms: this.options.algorithms.filter((name: JwtAlgorithm) => name === algorithm),
      clockTimestamp: nowMs / 1000,
      clockTolerance: leewayMs / 1000,
      ...(isFilled(issuer) ? { issuer } : {}),
      ...(isFilled(audience) ? { audience } : {}),
    };
  }

  private holdsRequired(claims: Claims): boolean {
    if (this.options.requireExp && claims['exp'] === undefined) return false;
    return this.required.every(([name, value]) => Object.hasOwn(claims, name) && claims[name] === value);
  }
}

function isFilled(list: readonly string[]): list is [string, ...string[]] {
  return list.length > 0;
}

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whatever else the library throws (a signature of the wrong length, JSON that is none) is a token that does not verify. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof jwt.TokenExpiredError) return 'The token has expired.';
  if (error instanceof jwt.NotBeforeError) return 'The token is not valid yet.';
  return 'The token is not accepted here.';
}
