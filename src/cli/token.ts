/** Owns `torus token`: a signed token for tests, made by the library that verifies them. */
import jwt from 'jsonwebtoken';
import type { SignOptions } from 'jsonwebtoken';
import type { OptionValues } from './options.js';
import type { Output } from './output.js';

export interface TokenRequest {
  readonly subject: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scope: string | undefined;
  /** Seconds, or a text such as `1h`. */
  readonly expires: string;
}

const ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

/** Prints the token alone, so that `$(torus token)` works. Returns the exit code. */
export const printToken = (options: OptionValues, env: NodeJS.ProcessEnv, output: Output): number => {
  const secret = options.secret ?? env['JWT_SECRET'];
  const algorithm = ALGORITHMS.find((known) => known === (options.algorithm ?? ALGORITHMS[0]));
  const claims = (options.claim ?? []).map(parseClaim);
  const broken = claims.findIndex((claim) => claim === undefined);
  if (broken >= 0) return complain(output, `--claim ${options.claim?.[broken] ?? ''}: write name=value`);
  if (secret === undefined || secret === '') return complain(output, 'give --secret or set JWT_SECRET');
  if (algorithm === undefined) return complain(output, `--algorithm must be one of ${ALGORITHMS.join(', ')}`);
  try {
    const { sub: subject, scope, expires = '1h' } = options;
    const named = Object.fromEntries(claims.filter((claim) => claim !== undefined));
    output.line(signToken({ subject, claims: named, scope, expires }, secret, algorithm));
    return 0;
  } catch (error) {
    return complain(output, error instanceof Error ? error.message : 'the token cannot be signed');
  }
};

/** Throws when the claims or the life time are not usable. */
export const signToken = (
  request: TokenRequest,
  secret: string,
  algorithm: (typeof ALGORITHMS)[number],
): string => {
  const claims = { ...request.claims, ...(request.scope === undefined ? {} : { scope: request.scope }) };
  if (!isLifetime(request.expires)) throw new Error('--expires must be a duration, like 15m');
  const expiresIn = lifetimeOf(request.expires);
  const subject = request.subject === undefined ? {} : { subject: request.subject };
  return jwt.sign(claims, secret, { algorithm, expiresIn, ...subject });
};

// `admin=true` and `level=3` are what JSON takes them for; everything that is no JSON is text.
const parseClaim = (text: string): readonly [string, unknown] | undefined => {
  const at = text.indexOf('=');
  if (at < 1) return undefined;
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value) as unknown];
  } catch {
    return [text.slice(0, at), value];
  }
};

const lifetimeOf = (text: string): NonNullable<SignOptions['expiresIn']> =>
  /^\d+$/.test(text) ? Number(text) : (text as NonNullable<SignOptions['expiresIn']>);

/** Asked of the library, which has its own idea of a duration: its words name an option of its own. */
const isLifetime = (text: string): boolean => {
  try {
    jwt.sign({}, 'of nobody', { expiresIn: lifetimeOf(text) });
    return true;
  } catch {
    return false;
  }
};

const complain = (output: Output, problem: string): number => {
  output.problem(`torus token: ${problem}`);
  return 1;
};
