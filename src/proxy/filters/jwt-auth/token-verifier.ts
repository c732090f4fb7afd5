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

export type Verification =
  | { readonly claims: Claims }
  /** `reason` is for the operator: it may tell what would have passed, and nothing of the token. */
  | { readonly refusal: Refusal; readonly reason: string };

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
      if (!isClaims(claims))
        return { refusal: 'The token is not accepted here.', reason: 'it holds no claims' };
      const lacking = this.lackingIn(claims);
      if (lacking === undefined) return { claims };
      return { refusal: 'The token is not accepted here.', reason: `claim ${lacking} is not as required` };
    } catch (error) {
      return { refusal: refusalOf(error), reason: reasonOf(error) };
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

  /** The first required claim that is not there, or has another value. */
  private lackingIn(claims: Claims): string | undefined {
    if (this.options.requireExp && claims['exp'] === undefined) return 'exp';
    const lacking = this.required.find(
      ([name, value]) => !Object.hasOwn(claims, name) || claims[name] !== value,
    );
    return lacking?.[0];
  }
}

function isFilled(list: readonly string[]): list is [string, ...string[]] {
  return list.length > 0;
}

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The words of the library for what it checks; those of a parser could hold pieces of the token. */
function reasonOf(error: unknown): string {
  return error instanceof jwt.JsonWebTokenError ? error.message : 'it is malformed';
}

/** Whatever else the library throws (a signature of the wrong length, JSON that is none) is a token that does not verify. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof jwt.TokenExpiredError) return 'The token has expired.';
  if (error instanceof jwt.NotBeforeError) return 'The token is not valid yet.';
  return 'The token is not accepted here.';
}
