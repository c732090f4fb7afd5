/** Owns `torus token`: a signed token for tests, made by the library that verifies them. */
import jwt from 'jsonwebtoken';
import type { SignOptions } from 'jsonwebtoken';
import type { TokenRequest } from './arguments.js';
import type { Output } from './output.js';

const ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;

/** Prints the token alone, so that `$(torus token)` works. Returns the exit code. */
export const printToken = (request: TokenRequest, env: NodeJS.ProcessEnv, output: Output): number => {
  const secret = request.secret ?? env['JWT_SECRET'];
  const algorithm = ALGORITHMS.find((known) => known === request.algorithm);
  if (secret === undefined || secret === '') return complain(output, 'give --secret or set JWT_SECRET');
  if (algorithm === undefined) return complain(output, `--algorithm must be one of ${ALGORITHMS.join(', ')}`);
  try {
    output.line(signToken(request, secret, algorithm));
    return 0;
  } catch (error) {
    return complain(output, error instanceof Error ? error.message : 'the token cannot be signed');
  }
};

/** Throws when the claims or the life time are not usable. */
export const signToken = (
  request: Omit<TokenRequest, 'secret' | 'algorithm'>,
  secret: string,
  algorithm: (typeof ALGORITHMS)[number],
): string => {
  const claims = { ...request.claims, ...(request.scope === undefined ? {} : { scope: request.scope }) };
  const expiresIn = lifetimeOf(request.expires);
  const subject = request.subject === undefined ? {} : { subject: request.subject };
  return jwt.sign(claims, secret, { algorithm, expiresIn, ...subject });
};

const lifetimeOf = (text: string): NonNullable<SignOptions['expiresIn']> =>
  /^\d+$/.test(text) ? Number(text) : (text as NonNullable<SignOptions['expiresIn']>);

const complain = (output: Output, problem: string): number => {
  output.problem(`torus token: ${problem}`);
  return 1;
};
