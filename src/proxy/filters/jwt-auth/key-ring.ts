/** Owns the keys of one source as they are now, and the choice of one for a token. */
import type { KeyObject } from 'node:crypto';
import type { JwtAuthOptions } from '../../../contracts/config.js';
import type { KeySetSnapshot, KeySetSource } from '../../../contracts/key-set.js';
import type { JoseHeader } from './jose-header.js';
import {
  keyOfJwk,
  publicKeyOf,
  secretKeyOf,
  verificationKey,
  type VerificationKey,
} from './verification-key.js';

export interface KeyRing {
  /** What was verified with the keys of one generation holds for that generation only. */
  readonly generation: number;
  /** Keys that can verify something. */
  readonly size: number;
  /** The one key for that header; undefined when none fits, or more than one does. */
  select(header: JoseHeader): KeyObject | undefined;
}

export interface KeyRingSource {
  /** undefined while no keys could be had. */
  current(): KeyRing | undefined;
  /** Asks for newer keys; undefined for sources that never change. Never rejects. */
  readonly refresh: (() => Promise<KeyRing | undefined>) | undefined;
}

/** Throws a RangeError when a key that is known now is unusable. */
export function createKeyRingSource(options: JwtAuthOptions, keySets: KeySetSource): KeyRingSource {
  const { key: source, algorithms } = options;
  switch (source.kind) {
    case 'secret':
      return fixedSource(loneKey(verificationKey(secretKeyOf(source.secret), algorithms)));
    case 'pem':
      return fixedSource(loneKey(verificationKey(publicKeyOf(source.pem), algorithms)));
    case 'jwks':
      return fixedSource(
        keySet(
          source.keys.map((jwk) => keyOfJwk(jwk, algorithms, true)),
          0,
        ),
      );
    case 'jwks-url':
      return new RemoteKeyRings(source.url, options, keySets);
  }
}

class RemoteKeyRings implements KeyRingSource {
  private readonly url: string;
  private readonly algorithms: JwtAuthOptions['algorithms'];
  private readonly keySets: KeySetSource;
  private compiled: KeyRing | undefined;

  constructor(url: string, options: JwtAuthOptions, keySets: KeySetSource) {
    this.url = url;
    this.algorithms = options.algorithms;
    this.keySets = keySets;
  }

  readonly refresh = async (): Promise<KeyRing | undefined> =>
    this.compile(await this.keySets.refresh(this.url));

  current(): KeyRing | undefined {
    return this.compile(this.keySets.current(this.url));
  }

  private compile(snapshot: KeySetSnapshot | undefined): KeyRing | undefined {
    if (snapshot === undefined) return this.compiled;
    if (this.compiled?.generation !== snapshot.generation) {
      const keys = snapshot.keys.map((jwk) => keyOfJwk(jwk, this.algorithms, false));
      this.compiled = keySet(keys, snapshot.generation);
    }
    return this.compiled;
  }
}

function fixedSource(ring: KeyRing | undefined): KeyRingSource {
  if (ring === undefined || ring.size === 0) throw new RangeError('no key fits the accepted algorithms');
  return { current: () => ring, refresh: undefined };
}

/** A key that stands alone has no id: the token's `kid` says nothing about it. */
function loneKey(only: VerificationKey | undefined): KeyRing | undefined {
  if (only === undefined) return undefined;
  return {
    generation: 0,
    size: 1,
    select: (header) => (only.algorithms.has(header.algorithm) ? only.key : undefined),
  };
}

function keySet(candidates: readonly (VerificationKey | undefined)[], generation: number): KeyRing {
  const keys = candidates.filter((key) => key !== undefined);
  return {
    generation,
    size: keys.length,
    select({ algorithm, keyId }) {
      const fitting = keys.filter(
        (key) => key.algorithms.has(algorithm) && (keyId === undefined || key.keyId === keyId),
      );
      return fitting.length === 1 ? fitting[0]?.key : undefined;
    },
  };
}
