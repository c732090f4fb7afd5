/** Owns the order in which a request is authenticated, and the memory of tokens that were verified. */
import { LRUCache } from 'lru-cache';
import type { JwtAuthOptions } from '../../../contracts/config.js';
import type { Exchange, Identity } from '../../../contracts/exchange.js';
import type { Fields } from '../../../contracts/fields.js';
import type { Filter, FilterServices, FilterVerdict } from '../../../contracts/filter.js';
import { type Challenges, createChallenges } from './challenge.js';
import { compileStrip, type PreparedFields, prepareFields } from './claim-fields.js';
import { Doorkeeper } from './doorkeeper.js';
import { type JoseHeader, readJoseHeader } from './jose-header.js';
import { createKeyRingSource, type KeyRing, type KeyRingSource } from './key-ring.js';
import { holdsScopes } from './scope-check.js';
import { createTokenExtractor, type TokenExtractor } from './token-extractor.js';
import { type Claims, TokenVerifier } from './token-verifier.js';

/** What is kept of a verified token: everything a later request with it needs, ready made. */
interface VerifiedToken {
  readonly generation: number;
  readonly validUntilMs: number;
  readonly identity: Identity;
  readonly fields: PreparedFields;
  readonly hasScopes: boolean;
}

interface Admission {
  readonly exchange: Exchange;
  readonly upstreamFields: Fields;
}

export class JwtAuthenticator implements Filter {
  readonly name = 'jwt-auth';
  private readonly options: JwtAuthOptions;
  private readonly services: FilterServices;
  private readonly extractor: TokenExtractor;
  private readonly keys: KeyRingSource;
  private readonly verifier: TokenVerifier;
  private readonly challenges: Challenges;
  private readonly strip: (fields: Fields) => void;
  private readonly fieldOfClaim: readonly (readonly [string, string])[];
  /** By the whole token: a shortened key could be made to collide. */
  private readonly verified: LRUCache<string, VerifiedToken> | undefined;
  private readonly doorkeeper: Doorkeeper;

  constructor(options: JwtAuthOptions, services: FilterServices) {
    if (options.from.kind === 'query' && !options.forwardToken) {
      throw new RangeError(
        'a token in the query cannot be kept from the upstream: set forwardToken, or take it from elsewhere',
      );
    }
    this.options = options;
    this.services = services;
    this.extractor = createTokenExtractor(options.from);
    this.keys = createKeyRingSource(options, services.keySets);
    this.verifier = new TokenVerifier(options);
    this.challenges = createChallenges(options.realm, options.scopes);
    this.fieldOfClaim = Object.entries(options.claimsToHeaders);
    this.strip = compileStrip(Object.values(options.claimsToHeaders));
    this.doorkeeper = new Doorkeeper(Math.max(options.cacheSize, 1));
    this.verified = options.cacheSize > 0 ? new LRUCache({ max: options.cacheSize }) : undefined;
  }

  onRequest(exchange: Exchange, upstreamFields: Fields): FilterVerdict | Promise<FilterVerdict> {
    this.strip(upstreamFields);
    const extraction = this.extractor.extract(exchange.request);
    if (!this.options.forwardToken) this.extractor.remove(upstreamFields);
    if (extraction.kind === 'missing') return this.challenges.missing;
    if (extraction.kind === 'several')
      return this.challenges.invalid('The request carries more than one token.');
    const { token } = extraction;
    if (token.length > this.options.maxTokenBytes) return this.challenges.invalid('The token is too long.');
    const ring = this.keys.current();
    const known = this.verified?.get(token);
    if (
      known !== undefined &&
      known.generation === ring?.generation &&
      this.services.now() < known.validUntilMs
    ) {
      return this.admit(known, { exchange, upstreamFields });
    }
    return this.authenticate(token, ring, { exchange, upstreamFields });
  }

  dispose(): void {
    this.verified?.clear();
  }

  private authenticate(
    token: string,
    ring: KeyRing | undefined,
    admission: Admission,
  ): FilterVerdict | Promise<FilterVerdict> {
    const header = readJoseHeader(token);
    if (header === undefined) return this.challenges.invalid('The token is malformed.');
    if (!this.options.algorithms.some((algorithm) => algorithm === header.algorithm)) return this.refuse();
    const key = ring?.select(header);
    if (ring !== undefined && key !== undefined) return this.verify(token, { ring, header }, admission);
    return this.keys.refresh === undefined
      ? this.refuse()
      : this.authenticateAfterRefresh(token, header, admission);
  }

  private async authenticateAfterRefresh(
    token: string,
    header: JoseHeader,
    admission: Admission,
  ): Promise<FilterVerdict> {
    const ring = await this.keys.refresh?.();
    return ring === undefined
      ? this.challenges.keysUnavailable
      : this.verify(token, { ring, header }, admission);
  }

  private verify(
    token: string,
    chosen: { ring: KeyRing; header: JoseHeader },
    admission: Admission,
  ): FilterVerdict {
    const key = chosen.ring.select(chosen.header);
    if (key === undefined) return this.refuse();
    const verification = this.verifier.verify(token, key, chosen.header.algorithm, this.services.now());
    if ('refusal' in verification) return this.challenges.invalid(verification.refusal);
    const entry = this.entryOf(verification.claims, chosen.ring.generation);
    if (this.doorkeeper.admits(token)) this.remember(token, entry);
    return this.admit(entry, admission);
  }

  private remember(token: string, entry: VerifiedToken): void {
    // A copy: the token may be a slice that would keep the whole head it came in alive for as long as it is remembered.
    this.verified?.set(Buffer.from(token, 'latin1').toString('latin1'), entry);
  }

  private entryOf(claims: Claims, generation: number): VerifiedToken {
    const { sub, exp } = claims;
    return {
      generation,
      validUntilMs: typeof exp === 'number' ? exp * 1000 + this.options.leewayMs : Infinity,
      identity: Object.freeze({
        subject: typeof sub === 'string' ? sub : undefined,
        claims: Object.freeze(claims),
      }),
      fields: prepareFields(claims, this.fieldOfClaim),
      hasScopes: holdsScopes(claims, this.options.scopes),
    };
  }

  private admit(entry: VerifiedToken, { exchange, upstreamFields }: Admission): FilterVerdict {
    if (!entry.hasScopes) return this.challenges.insufficientScope;
    exchange.identity = entry.identity;
    // Stripped before: there is nothing left to replace, so appending spares one search.
    for (const [name, value] of entry.fields) upstreamFields.append(name, value);
    return undefined;
  }

  private refuse(): FilterVerdict {
    return this.challenges.invalid('The token is not accepted here.');
  }
}
