/** The JWT filter over the wire: real keys, every place a token may be, every attack that must fail, and nothing in the logs. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import jwt from 'jsonwebtoken';
import {
  echo,
  makeTempDir,
  rawClient,
  removeTempDir,
  requestHead,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
  token,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

interface Seen {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const jwkOf = (key: KeyObject, more: object): object => ({ ...key.export({ format: 'jwk' }), ...more });
const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const inOneHour = (): number => Math.floor(Date.now() / 1000) + 3600;

/** A token made by hand, for what a library refuses to make. */
const forged = (header: object, secret: string | undefined): string => {
  const signed = `${base64url(header)}.${base64url({ sub: 'mallory', exp: inOneHour() })}`;
  return `${signed}.${secret === undefined ? '' : createHmac('sha256', secret).update(signed).digest('base64url')}`;
};

describe('jwt-auth over the wire', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let dir: string;
  let arrived: string[];
  const sent = new Set<string>();

  beforeAll(async () => {
    dir = makeTempDir('keys');
    const put = (name: string, text: string): string => {
      writeFileSync(path.join(dir, name), text);
      return path.join(dir, name);
    };
    const publicKey = put('rsa.pem', pemOf(rsa.publicKey));
    const ecKey = put('ec.pem', pemOf(ec.publicKey));
    const keys = [
      jwkOf(rsa.publicKey, { kid: 'first', alg: 'RS256', use: 'sig' }),
      jwkOf(otherRsa.publicKey, { kid: 'second', alg: 'RS256', use: 'sig' }),
      jwkOf(ec.publicKey, { kid: 'curve' }),
    ];
    const jwks = put('jwks.json', JSON.stringify({ keys }));
    arrived = [];
    upstream = await startHttpUpstream((request, response) => {
      arrived.push(request.url ?? '');
      return echo(request, response);
    });
    const secret = TEST_SECRET;
    const route = (name: string, options: object) => ({
      name,
      match: { path: `/${name}/*` },
      filters: [{ 'jwt-auth': options }],
      upstream: 'echo',
    });
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        log: { level: 'trace' },
        upstreams: { echo: { endpoints: [upstream.url] } },
        routes: [
          route('hs', { secret }),
          route('claims', {
            secret,
            claimsToHeaders: { sub: 'x-auth-subject', roles: 'x-auth-roles' },
            forwardToken: false,
          }),
          route('who', { secret, issuer: 'https://issuer.example', audience: ['api', 'web'] }),
          route('scoped', { secret, scopes: ['users:read', 'users:write'] }),
          route('cookie', { secret, from: { cookie: 'session' }, forwardToken: false }),
          route('query', { secret, from: { query: 'access_token' } }),
          route('rs', { publicKey, algorithms: ['RS256', 'PS256'] }),
          route('es', { publicKey: ecKey, algorithms: ['ES256'] }),
          route('jwks', { jwks, algorithms: ['RS256', 'ES256'] }),
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
    removeTempDir(dir);
  });

  const ask = async (target: string, ...fields: readonly string[]): Promise<ReadResponse> => {
    const client = await rawClient({ port: torus.port() });
    const response = await client.exchange(requestHead(`GET ${target}`, ...fields));
    await client.close();
    return response;
  };
  /** Remembers the token, so that the last test can look for it in the logs. */
  const bearer = (value: string): string => {
    sent.add(value);
    return `Authorization: Bearer ${value}`;
  };
  const seen = (response: ReadResponse): Seen => {
    expect(response.status).toBe(200);
    return JSON.parse(response.text()) as Seen;
  };
  const refused = (response: ReadResponse, before: number): void => {
    expect(response.status).toBe(401);
    expect(response.field('www-authenticate')).toMatch(/^Bearer realm="torus"/);
    expect(response.field('content-type')).toBe('application/problem+json');
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.filter.unauthenticated' });
    expect(arrived).toHaveLength(before);
  };

  it.each([
    ['HS256', 'hs', TEST_SECRET],
    ['RS256', 'rs', privatePem(rsa.privateKey)],
    ['PS256', 'rs', privatePem(rsa.privateKey)],
    ['ES256', 'es', privatePem(ec.privateKey)],
  ] as const)('lets a %s token with the right key through', async (algorithm, name, key) => {
    const response = await ask(`/${name}/x`, bearer(token({ sub: 'ada' }, key, { algorithm })));
    expect(seen(response).url).toBe(`/${name}/x`);
  });

  it('answers a request without a token with 401 and a bare challenge', async () => {
    const response = await ask('/hs/x');
    refused(response, arrived.length);
    expect(response.field('www-authenticate')).toBe('Bearer realm="torus"');
  });

  it.each([
    ['expired', token({ sub: 'a', exp: Math.floor(Date.now() / 1000) - 60 })],
    ['not valid yet', token({ sub: 'a', nbf: inOneHour() })],
    ['without exp', jwt.sign({ sub: 'a' }, TEST_SECRET)],
    ['signed with another secret', token({ sub: 'a' }, 'another-secret-'.repeat(5))],
    ['changed in its claims', token({ sub: 'a' }).replace(/\.[^.]*\./, `.${base64url({ sub: 'root' })}.`)],
    ['cut off', token({ sub: 'a' }).slice(0, -4)],
    ['garbage', 'not.a.token'],
    ['one word', 'garbage'],
    ['with alg none', forged({ alg: 'none', typ: 'JWT' }, undefined)],
    ['with alg None', forged({ alg: 'None', typ: 'JWT' }, undefined)],
    ['with alg none and a signature', forged({ alg: 'none' }, TEST_SECRET)],
    ['with an alg nobody allowed', token({ sub: 'a' }, TEST_SECRET, { algorithm: 'HS512' })],
    ['with crit', forged({ alg: 'HS256', crit: ['b64'], b64: false }, TEST_SECRET)],
    ['past 8 KiB', token({ sub: 'a', padding: 'x'.repeat(9_000) })],
  ])('refuses a token that is %s', async (_name, value) => {
    const before = arrived.length;
    const response = await ask('/hs/x', bearer(value));
    refused(response, before);
    expect(response.field('www-authenticate')).toContain('error="invalid_token"');
    expect(response.text()).not.toContain(value);
  });

  it('refuses HS256 signed with the text of the RSA public key', async () => {
    const before = arrived.length;
    for (const pem of [pemOf(rsa.publicKey), pemOf(rsa.publicKey).trim()])
      refused(await ask('/rs/x', bearer(forged({ alg: 'HS256' }, pem))), before);
    for (const kid of ['first', 'second', undefined])
      refused(await ask('/jwks/x', bearer(forged({ alg: 'HS256', kid }, pemOf(rsa.publicKey)))), before);
  });

  it('refuses two Authorization fields, whichever is good', async () => {
    const before = arrived.length;
    const good = bearer(token());
    refused(await ask('/hs/x', good, 'Authorization: Bearer nonsense'), before);
    refused(await ask('/hs/x', good, good), before);
    refused(await ask('/cookie/x', `Cookie: session=${token()}; session=other`), before);
    refused(await ask(`/query/x?access_token=${token()}&access_token=other`), before);
  });

  it('wants one of the issuers and one of the audiences', async () => {
    const ask2 = (claims: object) => ask('/who/x', bearer(token({ sub: 'a', ...claims })));
    const iss = 'https://issuer.example';
    seen(await ask2({ iss, aud: 'web' }));
    seen(await ask2({ iss, aud: ['other', 'api'] }));
    const before = arrived.length;
    for (const claims of [
      { iss, aud: 'other' },
      { iss },
      { iss: 'https://evil.example', aud: 'api' },
      { aud: 'api' },
    ])
      refused(await ask2(claims), before);
  });

  it('answers a token without the scopes with 403', async () => {
    seen(await ask('/scoped/x', bearer(token({ scope: 'users:write users:read extra' }))));
    seen(await ask('/scoped/x', bearer(token({ scp: ['users:read', 'users:write'] }))));
    const before = arrived.length;
    const response = await ask('/scoped/x', bearer(token({ scope: 'users:read' })));
    expect(response.status).toBe(403);
    expect(response.field('www-authenticate')).toContain('error="insufficient_scope"');
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.filter.forbidden' });
    expect(arrived).toHaveLength(before);
  });

  it('takes a token from a cookie, and does not send that cookie upstream when told so', async () => {
    const value = token({ sub: 'cookie' });
    sent.add(value);
    const { headers } = seen(await ask('/cookie/x', `Cookie: a=1; session=${value}; b=2`));
    expect(headers['cookie']).toMatch(/^a=1;\s*b=2$/);
    refused(await ask('/cookie/x', bearer(value)), arrived.length);
  });

  it('takes a token from the query', async () => {
    const value = token({ sub: 'query' });
    sent.add(value);
    expect(seen(await ask(`/query/x?access_token=${value}&b=2`)).url).toContain('b=2');
    refused(await ask('/query/x', bearer(value)), arrived.length);
  });

  it('sends the token upstream, or keeps it, as configured', async () => {
    const good = token({ sub: 'ada' });
    expect(seen(await ask('/hs/x', bearer(good))).headers['authorization']).toBe(`Bearer ${good}`);
    expect(seen(await ask('/claims/x', bearer(good))).headers['authorization']).toBeUndefined();
  });

  it('sends claims as fields, and strips every copy that a client made of them', async () => {
    const copies = [
      'X-Auth-Subject: root',
      'x_auth_subject: root',
      'X-AUTH_SUBJECT: root',
      'X_Auth-Roles: admin',
      'x-auth-roles: admin',
    ];
    const good = bearer(token({ sub: 'ada', roles: ['read', 'write'] }));
    const all = seen(await ask('/claims/x', good, ...copies));
    expect(all.headers).toMatchObject({ 'x-auth-subject': 'ada', 'x-auth-roles': 'read,write' });
    expect(all.rawHeaders.filter((name) => /^x[-_]auth/i.test(name))).toHaveLength(2);
    const without = seen(await ask('/claims/x', bearer(token({ sub: 'bob' })), ...copies));
    expect(without.rawHeaders.filter((name) => /^x[-_]auth/i.test(name))).toEqual(['x-auth-subject']);
    // Named by Connection they are gone before the filter, and what the filter adds must stay.
    const named = seen(
      await ask('/claims/x', good, 'Connection: x-auth-subject, authorization-copy', ...copies),
    );
    expect(named.headers['x-auth-subject']).toBe('ada');
  });

  it('cannot be talked into another header by a claim', async () => {
    const value = bearer(token({ sub: 'a\r\nx-admin: yes', roles: ['a,b', 'c'] }));
    const { headers } = seen(await ask('/claims/x', value));
    expect(headers).toMatchObject({ 'x-auth-subject': 'a%0D%0Ax-admin: yes', 'x-auth-roles': 'a%2Cb,c' });
    expect(headers['x-admin']).toBeUndefined();
  });

  it('finds the key of a key set by its kid', async () => {
    const sign = (key: KeyObject, algorithm: 'RS256' | 'ES256', keyid?: string) =>
      bearer(token({ sub: 'a' }, privatePem(key), { algorithm, ...(keyid ? { keyid } : {}) }));
    seen(await ask('/jwks/x', sign(rsa.privateKey, 'RS256', 'first')));
    seen(await ask('/jwks/x', sign(otherRsa.privateKey, 'RS256', 'second')));
    seen(await ask('/jwks/x', sign(ec.privateKey, 'ES256', 'curve')));
    seen(await ask('/jwks/x', sign(ec.privateKey, 'ES256')));
    const before = arrived.length;
    refused(await ask('/jwks/x', sign(rsa.privateKey, 'RS256', 'second')), before);
    refused(await ask('/jwks/x', sign(rsa.privateKey, 'RS256', 'unknown')), before);
    refused(await ask('/jwks/x', sign(rsa.privateKey, 'RS256')), before);
  });

  it('writes no token, no part of one, and no secret into any log line', async () => {
    const last = await ask('/hs/the-last-one', bearer(token({ sub: 'last' })));
    expect(last.status).toBe(200);
    await torus.waitForLog((line) => line.msg === 'access' && line['path'] === '/hs/the-last-one');
    const text = JSON.stringify(torus.logs());
    expect(text).toContain('"cause":"downstream.filter.unauthenticated"');
    expect(text).not.toContain(TEST_SECRET);
    // Payload and signature; the header of a token says nothing.
    const parts = [...sent].flatMap((value) => value.split('.').slice(1)).filter((part) => part.length > 12);
    expect(parts.length).toBeGreaterThan(40);
    expect(parts.filter((part) => text.includes(part))).toEqual([]);
  });
});
