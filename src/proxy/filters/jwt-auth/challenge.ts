/** Owns the answers of the filter (RFC 6750 section 3). They name a reason, never the token or a key. */
import type { LocalReply } from '../../../contracts/filter.js';
import { quotedText } from '../../../http/quoted-text.js';

export interface Challenges {
  /** No token was sent: the challenge carries no error code (RFC 6750 section 3.1). */
  readonly missing: LocalReply;
  invalid(description: string): LocalReply;
  readonly insufficientScope: LocalReply;
  /** The keys of the issuer could not be had yet. */
  readonly keysUnavailable: LocalReply;
}

const RETRY_AFTER_SECONDS = '5';

export function createChallenges(realm: string, scopes: readonly string[]): Challenges {
  const bearer = `Bearer realm=${quotedText(realm)}`;
  const scope = quotedText(scopes.join(' '));
  return {
    missing: unauthenticated('A bearer token is needed.', bearer),
    invalid: (description) =>
      unauthenticated(
        description,
        `${bearer}, error="invalid_token", error_description=${quotedText(description)}`,
      ),
    insufficientScope: {
      status: 403,
      cause: 'downstream.filter.forbidden',
      detail: 'The token lacks a scope.',
      fields: [['www-authenticate', `${bearer}, error="insufficient_scope", scope=${scope}`]],
    },
    keysUnavailable: {
      status: 503,
      cause: 'internal.filter.failed',
      detail: 'Tokens cannot be verified at the moment.',
      fields: [['retry-after', RETRY_AFTER_SECONDS]],
    },
  };
}

function unauthenticated(detail: string, challenge: string): LocalReply {
  return {
    status: 401,
    cause: 'downstream.filter.unauthenticated',
    detail,
    fields: [['www-authenticate', challenge]],
  };
}
