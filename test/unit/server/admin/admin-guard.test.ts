import { isHostAllowed, refuse } from '../../../../src/server/admin/admin-guard.js';
import type { GuardedAdmin } from '../../../../src/server/admin/admin-guard.js';
import type { AdminAccess, AdminMethod } from '../../../../src/server/admin/admin-route.js';

const LOOPBACK: GuardedAdmin = { host: '127.0.0.1', socketPath: undefined, token: undefined };
const NETWORK: GuardedAdmin = { ...LOOPBACK, host: '0.0.0.0' };
const SOCKET: GuardedAdmin = { ...LOOPBACK, host: '', socketPath: '/run/torus.sock' };
const TOKEN = 'a-token-of-sixteen-or-more';

const statusOf = (
  admin: GuardedAdmin,
  access: AdminAccess,
  headers: Record<string, string> = {},
  method: AdminMethod = 'GET',
): number => refuse(admin, { method, access }, headers)?.status ?? 200;

describe('the guard of the admin API', () => {
  it.each<[string, GuardedAdmin, Record<AdminAccess, number>]>([
    ['loopback', LOOPBACK, { probe: 200, page: 200, metrics: 200, operator: 200 }],
    ['a unix socket', SOCKET, { probe: 200, page: 200, metrics: 200, operator: 200 }],
    ['the network', NETWORK, { probe: 200, page: 403, metrics: 200, operator: 403 }],
    [
      'loopback with a token',
      { ...LOOPBACK, token: TOKEN },
      { probe: 200, page: 200, metrics: 401, operator: 401 },
    ],
    [
      'the network with a token',
      { ...NETWORK, token: TOKEN },
      { probe: 200, page: 200, metrics: 401, operator: 401 },
    ],
  ])('bound to %s, answers a caller without a token only what is safe', (_where, admin, expected) => {
    for (const [access, status] of Object.entries(expected))
      expect([access, statusOf(admin, access as AdminAccess)]).toEqual([access, status]);
  });

  it.each([
    [`Bearer ${TOKEN}`, 200],
    [`bearer  ${TOKEN} `, 200],
    [`Bearer ${TOKEN}x`, 401],
    [`Bearer ${TOKEN.slice(1)}`, 401],
    ['Bearer', 401],
    [`Basic ${TOKEN}`, 401],
    [TOKEN, 401],
  ])('with a token, judges Authorization: %s', (authorization, status) => {
    expect(statusOf({ ...NETWORK, token: TOKEN }, 'operator', { authorization })).toBe(status);
  });

  it('says which scheme it wants', () => {
    const refusal = refuse({ ...LOOPBACK, token: TOKEN }, { method: 'GET' }, {});
    expect(refusal?.fields).toEqual({ 'www-authenticate': 'Bearer realm="torus admin"' });
  });

  it.each<[Record<string, string>, number]>([
    [{}, 200],
    [{ origin: 'http://localhost:9901', host: 'localhost:9901' }, 200],
    [{ origin: 'https://localhost:9901', host: 'localhost:9901', 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'http://evil.test', host: 'localhost:9901' }, 403],
    [{ origin: 'null', host: 'localhost:9901' }, 403],
    [{ origin: 'http://localhost:3000', host: 'localhost:9901' }, 403],
    [{ 'sec-fetch-site': 'cross-site', host: 'localhost:9901' }, 403],
    [{ 'sec-fetch-site': 'same-site', host: 'localhost:9901' }, 403],
  ])('lets no page of another site change anything: %j', (headers, status) => {
    expect(statusOf(LOOPBACK, 'operator', headers, 'POST')).toBe(status);
    expect(statusOf(LOOPBACK, 'operator', headers, 'DELETE')).toBe(status);
  });

  it('lets a name be asked for that only this machine has, and any name on a unix socket', () => {
    expect(isHostAllowed(LOOPBACK, 'localhost:9901')).toBe(true);
    expect(isHostAllowed(LOOPBACK, 'rebound.evil.test')).toBe(false);
    expect(isHostAllowed(SOCKET, 'rebound.evil.test')).toBe(true);
  });
});
