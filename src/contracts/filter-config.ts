export type FilterConfig =
  | { readonly name: 'jwt-auth'; readonly options: JwtAuthOptions }
  | { readonly name: 'headers'; readonly options: HeadersOptions }
  | { readonly name: 'body-limit'; readonly options: BodyLimitOptions }
  | { readonly name: 'ip-allow'; readonly options: IpAllowOptions }
  | { readonly name: 'redirect'; readonly options: RedirectOptions };

export type JwtAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512';

export type JwtKeySource =
  | { readonly kind: 'secret'; readonly secret: string }
  | { readonly kind: 'pem'; readonly pem: string; readonly file: string }
  | {
      readonly kind: 'jwks';
      readonly keys: readonly Readonly<Record<string, unknown>>[];
      readonly file: string;
    }
  | { readonly kind: 'jwks-url'; readonly url: string };

export interface JwtAuthOptions {
  readonly key: JwtKeySource;
  /** Never empty; config has checked that each fits the key where the key is known. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly issuer: readonly string[];
  readonly audience: readonly string[];
  readonly leewayMs: number;
  /** Tokens without `exp` are refused unless this is false. */
  readonly requireExp: boolean;
  /** Claims that must be there with exactly that value. */
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>;
  /** All of them must be in `scope` (space separated) or `scp`. */
  readonly scopes: readonly string[];
  readonly from: JwtTokenSource;
  /** claim -> lower-case field name sent upstream. Client copies of those fields are always stripped. */
  readonly claimsToHeaders: Readonly<Record<string, string>>;
  /** The token itself goes on to the upstream. */
  readonly forwardToken: boolean;
  readonly maxTokenBytes: number;
  readonly cacheSize: number;
  readonly realm: string;
}

export type JwtTokenSource =
  | { readonly kind: 'header'; readonly name: string; readonly scheme: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string };

export interface HeadersOptions {
  readonly request: FieldEdits;
  readonly response: FieldEdits;
}

/** Applied in this order. Names are lower case. */
export interface FieldEdits {
  readonly remove: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  readonly append: Readonly<Record<string, string>>;
}

export interface BodyLimitOptions {
  readonly maxBytes: number;
}

export interface IpAllowOptions {
  /** CIDRs or addresses. `deny` is asked first; an empty `allow` means everyone. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface RedirectOptions {
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** `${scheme}`, `${host}`, `${path}`, `${query}` are replaced by the request's. */
  readonly location: string;
}
