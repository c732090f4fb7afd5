/** Owns who may ask what of the admin listener: by the address it is bound to, its token, and where a browser says it comes from. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AdminConfig } from '../../contracts/config.js';
import { isLoopback } from '../../http/loopback.js';
import { isAllowedHost } from './admin-host.js';
import { problem } from './admin-route.js';
import type { AdminAccess, AdminAnswer, AdminRoute } from './admin-route.js';

export type GuardedAdmin = Pick<AdminConfig, 'host' | 'socketPath' | 'token'>;

/** The answer to a request that may not be served; undefined when it may. */
export const refuse = (
  admin: GuardedAdmin,
  { method, access = 'operator' }: Pick<AdminRoute, 'method' | 'access'>,
  headers: IncomingHttpHeaders,
): AdminAnswer | undefined => {
  if (access === 'probe') return undefined;
  if (method !== 'GET' && isCrossSite(headers)) return problem(403, 'a page of another site may not do this');
  if (access === 'page') return isReserved(admin) ? problem(403, NEEDS_TOKEN) : undefined;
  return admin.token === undefined ? withoutToken(admin, access) : withToken(admin.token, headers);
};

/** A name that a web page can point at this address is answered nothing, so that DNS rebinding leads nowhere. */
export const isHostAllowed = (admin: GuardedAdmin, host: string | undefined): boolean =>
  admin.socketPath !== undefined || isAllowedHost(host, admin.host);

/** RFC 9112 section 3.2: more than one is refused. Node keeps the first, and what stands in between may have judged by the last. */
export const hasOneHost = (rawHeaders: readonly string[]): boolean =>
  rawHeaders.filter((word, at) => at % 2 === 0 && word.toLowerCase() === 'host').length <= 1;

const NEEDS_TOKEN =
  'the admin API is bound to the network without admin.token: only probes and metrics are answered here';

/** Bound to the network with no token: whoever can connect could do everything. */
const isReserved = ({ host, socketPath, token }: GuardedAdmin): boolean =>
  token === undefined && socketPath === undefined && !isLoopback(host);

const withoutToken = (admin: GuardedAdmin, access: AdminAccess): AdminAnswer | undefined =>
  access === 'metrics' || !isReserved(admin) ? undefined : problem(403, NEEDS_TOKEN);

const withToken = (token: string, { authorization = '' }: IncomingHttpHeaders): AdminAnswer | undefined => {
  const given = /^bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (given !== undefined && isSame(given, token)) return undefined;
  return problem(401, 'this needs the token of admin.token as Authorization: Bearer', {
    'www-authenticate': 'Bearer realm="torus admin"',
  });
};

/** Hashed first, so that neither length nor content shows in the time it takes. */
const isSame = (given: string, expected: string): boolean => timingSafeEqual(digest(given), digest(expected));

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();

/** Browsers say where a request comes from; programs say nothing. */
const isCrossSite = (headers: IncomingHttpHeaders): boolean => {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin, host = '' } = headers;
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
};
