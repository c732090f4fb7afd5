/** Owns the making of the `jwt-auth` filter: a request goes on only with a token that verifies (RFC 6750, RFC 7519). */
import type { JwtAuthOptions } from '../../../contracts/config.js';
import type { FilterFactory } from '../../../contracts/filter.js';
import { JwtAuthenticator } from './jwt-authenticator.js';

/** Throws a RangeError on a key that is none, or that fits none of the algorithms. */
export const jwtAuthFactory: FilterFactory<JwtAuthOptions> = {
  name: 'jwt-auth',
  create: (options, services) => new JwtAuthenticator(options, services),
};
