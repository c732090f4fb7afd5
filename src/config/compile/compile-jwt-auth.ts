/** Owns the step from `jwt-auth` as written to its options: keys are read, and every algorithm fits its key. */
import type { JwtAlgorithm, JwtAuthOptions, JwtKeySource, JwtTokenSource } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import type { JwtAuthDocument } from '../schema/filters/jwt-auth.js';
import type { CompileContext } from './compile-context.js';
import { SECRET_ALGORITHMS } from './key-algorithms.js';
import { loadKeySet } from './key-set-file.js';
import { loadPublicKey } from './public-key.js';

/** RFC 7518 section 3.2: at least as long as the hash. */
const MIN_SECRET_BYTES = 32;

/** A key with what it can verify. */
interface KeyChoice {
  readonly source: JwtKeySource;
  readonly fits: readonly JwtAlgorithm[];
  readonly preferred: readonly JwtAlgorithm[];
  /** Completes "ES256 does not fit ...". */
  readonly described: string;
}

/** Undefined once a problem is reported. */
export function compileJwtAuth(
  document: JwtAuthDocument,
  path: ConfigPath,
  context: CompileContext,
): JwtAuthOptions | undefined {
  const key = chooseKey(document, path, context);
  if (key === undefined) return undefined;
  for (const [index, algorithm] of (document.algorithms ?? []).entries()) {
    if (!key.fits.includes(algorithm)) {
      context.report.error(
        [...path, 'algorithms', index],
        `${algorithm} does not fit ${key.described} (fitting: ${key.fits.join(', ')})`,
      );
    }
  }
  if (document.from.query !== undefined && !document.forwardToken) {
    context.report.error(
      [...path, 'forwardToken'],
      'cannot be false with from.query: the token stands in the target, which is forwarded as it is',
    );
  }
  return {
    key: key.source,
    algorithms: [...new Set(document.algorithms ?? key.preferred)],
    issuer: document.issuer,
    audience: document.audience,
    leewayMs: document.leeway,
    requireExp: document.requireExp,
    requiredClaims: document.requiredClaims,
    scopes: document.scopes,
    from: tokenSource(document.from),
    claimsToHeaders: document.claimsToHeaders,
    forwardToken: document.forwardToken,
    maxTokenBytes: document.maxToken,
    cacheSize: document.cacheSize,
    realm: document.realm,
  };
}

function chooseKey(
  document: JwtAuthDocument,
  path: ConfigPath,
  context: CompileContext,
): KeyChoice | undefined {
  if (document.secret !== undefined) return secretChoice(document.secret, [...path, 'secret'], context);
  if (document.publicKey !== undefined)
    return publicKeyChoice(document.publicKey, [...path, 'publicKey'], context);
  if (document.jwks !== undefined) return keySetChoice(document.jwks, [...path, 'jwks'], context);
  return document.jwksUrl === undefined
    ? undefined
    : remoteChoice(document.jwksUrl, [...path, 'jwksUrl'], context);
}

function secretChoice(secret: string, path: ConfigPath, context: CompileContext): KeyChoice {
  if (secret.includes('-----BEGIN')) {
    // A public key used as a shared secret lets everyone who has the key sign tokens.
    context.report.error(path, 'is a PEM document: give its file as publicKey instead');
  } else if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    context.report.warn(
      path,
      'is shorter than 32 bytes: it can be guessed; make one with `openssl rand -base64 48`',
    );
  }
  return {
    source: { kind: 'secret', secret },
    fits: SECRET_ALGORITHMS,
    preferred: ['HS256'],
    described: 'a shared secret',
  };
}

function publicKeyChoice(name: string, path: ConfigPath, context: CompileContext): KeyChoice | undefined {
  const key = loadPublicKey(name, path, context);
  if (key === undefined) return undefined;
  const { algorithms, kind } = key.fit;
  return {
    source: { kind: 'pem', pem: key.pem, file: key.file },
    fits: algorithms,
    preferred: algorithms.slice(0, 1),
    described: `the ${kind} in ${key.shown}`,
  };
}

function keySetChoice(name: string, path: ConfigPath, context: CompileContext): KeyChoice | undefined {
  const set = loadKeySet(name, path, context);
  if (set === undefined) return undefined;
  if (set.algorithms.length === 0) {
    context.report.error(path, `JWKS file ${set.shown} holds no key for an algorithm that Torus knows`);
    return undefined;
  }
  return {
    source: { kind: 'jwks', keys: set.keys, file: set.file },
    fits: set.algorithms,
    preferred: set.preferred,
    described: `any key in ${set.shown}`,
  };
}

/** The keys are not known yet, but published keys are never shared secrets. */
function remoteChoice(url: string, path: ConfigPath, context: CompileContext): KeyChoice {
  if (url.startsWith('http:') && !/^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/.test(url)) {
    context.report.warn(path, 'is fetched without TLS: whoever is on the way can replace the keys');
  }
  return {
    source: { kind: 'jwks-url', url },
    fits: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
    preferred: ['RS256'],
    described: 'published keys',
  };
}

function tokenSource(from: JwtAuthDocument['from']): JwtTokenSource {
  if (from.cookie !== undefined) return { kind: 'cookie', name: from.cookie };
  if (from.query !== undefined) return { kind: 'query', name: from.query };
  const name = from.header ?? 'authorization';
  return { kind: 'header', name, scheme: from.scheme ?? (name === 'authorization' ? 'Bearer' : '') };
}
