/** Owns what an operator is told of a token: whether it passes, and why not. Never the token, and claims by name only unless asked. */
import type { JwtAuthOptions } from '../../../contracts/config.js';
import type { ExplainOptions, FilterExplanation } from '../../../contracts/explanation.js';
import type { FilterVerdict } from '../../../contracts/filter.js';
import type { JudgedToken, VerifiedToken } from './judged-token.js';

/** `verdict` is what became of a token that verifies. */
export function explainToken(
  judged: JudgedToken,
  verdict: FilterVerdict,
  options: JwtAuthOptions & ExplainOptions,
): FilterExplanation {
  const claimFields = options.showValues ? [] : Object.values(options.claimsToHeaders);
  const concealed = [options.from.name.toLowerCase(), ...claimFields];
  if (judged === 'keys-needed') {
    const why = 'no key for this token is here: a request would make Torus ask the issuer for its keys';
    return { verdict: 'depends', why, concealed };
  }
  if ('reply' in judged) {
    const { status, cause, detail = '' } = judged.reply;
    const reason = judged.reason === detail || judged.reason === '' ? '' : ` (${judged.reason})`;
    return { verdict: 'answers', why: `${detail}${reason}`, status, cause, concealed };
  }
  const details = detailsOf(judged, options.showValues);
  if (verdict !== undefined) {
    const why = `${verdict.detail ?? ''} (it must hold ${options.scopes.join(', ')})`;
    return { verdict: 'answers', why, status: verdict.status, cause: verdict.cause, details, concealed };
  }
  const { subject } = judged.identity;
  const why = subject === undefined ? 'the token verifies' : `the token verifies, for ${subject}`;
  return { verdict: 'continues', why, details, concealed };
}

function detailsOf({ identity }: VerifiedToken, showValues: boolean): Readonly<Record<string, unknown>> {
  const { subject, claims } = identity;
  const { exp } = claims;
  return {
    ...(subject === undefined ? {} : { subject }),
    ...(typeof exp === 'number' ? { expires: instantOf(exp) } : {}),
    claims: showValues ? claims : Object.keys(claims),
  };
}

/** A number that is no time is no reason to fail. */
function instantOf(seconds: number): string {
  const instant = new Date(seconds * 1000);
  return Number.isNaN(instant.getTime()) ? String(seconds) : instant.toISOString();
}
