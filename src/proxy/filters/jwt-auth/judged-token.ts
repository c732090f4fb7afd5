/** Owns what may come of the judgement of one token. */
import type { Identity } from '../../../contracts/exchange.js';
import type { LocalReply } from '../../../contracts/filter.js';
import type { PreparedFields } from './claim-fields.js';

/** What is kept of a verified token: everything a later request with it needs, ready made. */
export interface VerifiedToken {
  readonly generation: number;
  readonly validUntilMs: number;
  readonly identity: Identity;
  readonly fields: PreparedFields;
  readonly hasScopes: boolean;
}

/** Why a token is not accepted: what the client is told, and what the operator may know. */
export interface RefusedToken {
  readonly reply: LocalReply;
  readonly reason: string;
}

/** `keys-needed`: no key here is for it, but the issuer may have one. */
export type JudgedToken = VerifiedToken | RefusedToken | 'keys-needed';
