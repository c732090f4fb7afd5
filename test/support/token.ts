/** Signs the JWTs that tests present. */
import jwt from 'jsonwebtoken';

/** Long enough for HS512, and plainly not a secret. */
export const TEST_SECRET = 'only-for-tests-'.repeat(5);

/** An HS256 token that lives an hour, unless claims or options say otherwise. `secret` may be a PEM key with its `algorithm`. */
export const token = (
  claims: Readonly<Record<string, unknown>> = { sub: 'tester' },
  secret: jwt.Secret = TEST_SECRET,
  options: jwt.SignOptions = {},
): string => jwt.sign(claims, secret, { ...('exp' in claims ? {} : { expiresIn: '1h' }), ...options });
