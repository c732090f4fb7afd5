/** Owns the order in which a request is authenticated, and the memory of tokens that were verified. */
import { LRUCache } from 'lru-cache';
import type { JwtAuthOptions } from '../../../contracts/config.js';
import type { Exchange } from '../../../contracts/exchange.js';
import type { ExplainOptions, FilterExplanation } from '../../../contracts/explanation.js';
import type { Fields } from '../../../contracts/fields.js';
import type { Filter, FilterServices, FilterVerdict, LocalReply } from '../../../contracts/filter.js';
import { type Challenges, createChallenges } from './challenge.js';
import { explainToken } from './explain-token.js';
import { compileStrip, prepareFields } from './claim-fields.js';
import { Doorkeeper } from './doorkeeper.js';
import { readJoseHeader } from './jose-header.js';
import type { JudgedToken, RefusedToken, VerifiedToken } from './judged-token.js';
import { createKeyRingSource, type KeyRing, type KeyRingSource } from './key-ring.js';
import { holdsScopes } from './scope-check.js';
import { createTokenExtractor, type TokenExtractor } from './token-extractor.js';
import { type Claims, TokenVerifier } from './token-verifier.js';

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
    const token = this.takeToken(exchange, upstreamFields);
    if (typeof token !== 'string') return token;
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

  explain(exchange: Exchange, upstreamFields: Fields, options: ExplainOptions): FilterExplanation {
    const token = this.takeToken(exchange, upstreamFields);
    const judged: JudgedToken =
      typeof token === 'string'
        ? this.judge(token, this.keys.current())
        : { reply: token, reason: token.detail ?? '' };
    const verdict =
      judged !== 'keys-needed' && 'identity' in judged
        ? this.admit(judged, { exchange, upstreamFields })
        : undefined;
    return explainToken(judged, verdict, { ...this.options, ...options });
  }

  dispose(): void {
    this.verified?.clear();
  }

  /** The token, or the answer to a request without a usable one. What the upstream is not to see is taken away. */
  private takeToken(exchange: Exchange, upstreamFields: Fields): string | LocalReply {
    this.strip(upstreamFields);
    const extraction = this.extractor.extract(exchange.request);
    if (!this.options.forwardToken) this.extractor.remove(upstreamFields);
    if (extraction.kind === 'missing') return this.challenges.missing;
    if (extraction.kind === 'several')
      return this.challenges.invalid('The request carries more than one token.');
    const { token } = extraction;
    return token.length > this.options.maxTokenBytes
      ? this.challenges.invalid('The token is too long.')
      : token;
  }

  private authenticate(
    token: string,
    ring: KeyRing | undefined,
    admission: Admission,
  ): FilterVerdict | Promise<FilterVerdict> {
    const judged = this.judge(token, ring);
    if (judged === 'keys-needed') return this.authenticateAfterRefresh(token, admission);
    return this.conclude(token, judged, admission);
  }

  private async authenticateAfterRefresh(token: string, admission: Admission): Promise<FilterVerdict> {
    const ring = await this.keys.refresh?.();
    if (ring === undefined) return this.challenges.keysUnavailable;
    const judged = this.judge(token, ring);
    return judged === 'keys-needed' ? this.refuse().reply : this.conclude(token, judged, admission);
  }

  private conclude(token: string, judged: VerifiedToken | RefusedToken, admission: Admission): FilterVerdict {
    if ('reply' in judged) return judged.reply;
    if (this.doorkeeper.admits(token)) this.remember(token, judged);
    return this.admit(judged, admission);
  }

  /** Changes nothing. `keys-needed`: no key here is for it, but the issuer may have one. */
  private judge(token: string, ring: KeyRing | undefined): JudgedToken {
    const header = readJoseHeader(token);
    if (header === undefined) return this.invalid('The token is malformed.', 'it is no signed token');
    if (!this.options.algorithms.some((algorithm) => algorithm === header.algorithm))
      return this.refuse(`its algorithm is not one of ${this.options.algorithms.join(', ')}`);
    const key = ring?.select(header);
    if (ring === undefined || key === undefined)
      return this.keys.refresh === undefined ? this.refuse('no key fits its header') : 'keys-needed';
    const verification = this.verifier.verify(token, key, header.algorithm, this.services.now());
    if ('refusal' in verification) return this.invalid(verification.refusal, verification.reason);
    return this.entryOf(verification.claims, ring.generation);
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

  private refuse(reason = ''): RefusedToken {
    return this.invalid('The token is not accepted here.', reason);
  }

  private invalid(refusal: string, reason: string): RefusedToken {
    return { reply: this.challenges.invalid(refusal), reason };
  }
}
