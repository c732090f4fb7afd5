/** Owns the reading of a token's own header (RFC 7515 section 4) before anything is verified: only `alg` and `kid` are taken from it. */

export interface JoseHeader {
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

const COMPACT = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * undefined for what is no signed token in compact form. A `crit` list is refused whole: Torus implements no extension
 * (RFC 7515 section 4.1.11). `jwk`, `jku`, `x5u` and `x5c` are not looked at: a token never brings its own key.
 */
export function readJoseHeader(token: string): JoseHeader | undefined {
  const encoded = COMPACT.exec(token)?.[1];
  const header =
    encoded === undefined ? undefined : parseObject(Buffer.from(encoded, 'base64url').toString());
  if (header === undefined || Object.hasOwn(header, 'crit')) return undefined;
  const { alg, kid } = header;
  if (typeof alg !== 'string' || (kid !== undefined && typeof kid !== 'string')) return undefined;
  return { algorithm: alg, keyId: kid };
}

function parseObject(text: string): { readonly alg?: unknown; readonly kid?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
