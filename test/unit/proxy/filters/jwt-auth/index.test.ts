import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign as signBytes } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { JwtAlgorithm, JwtAuthOptions } from '../../../../../src/contracts/config.js';
import type { Exchange } from '../../../../../src/contracts/exchange.js';
import type { Filter, FilterServices, FilterVerdict } from '../../../../../src/contracts/filter.js';
import type { Jwk, KeySetSnapshot, KeySetSource } from '../../../../../src/contracts/key-set.js';
import { jwtAuthFactory } from '../../../../../src/proxy/filters/jwt-auth/index.js';
import {
  type FakeFields,
  type FakeHead,
  type FieldPairs,
  fakeExchange,
  upstreamCopy,
} from '../../../../support/fake-exchange.js';
import { jwtAuthOptions } from '../../../../support/jwt-auth-options.js';

const NOW_MS = 1_700_000_000_000;
const NOW = NOW_MS / 1000;
const SECRET = 'shared in this test only, and long enough';
const URL = 'https://issuer.example.com/keys';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
};
const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const jwkOf = (key: KeyObject, more: Jwk = {}): Jwk => ({ ...key.export({ format: 'jwk' }), ...more });

class FakeKeySets implements KeySetSource {
  refreshes = 0;
  snapshot: KeySetSnapshot | undefined;
  private readonly next: KeySetSnapshot | undefined;

  constructor(snapshot?: KeySetSnapshot, next?: KeySetSnapshot) {
    this.snapshot = snapshot;
    this.next = next;
  }

  current(): KeySetSnapshot | undefined {
    return this.snapshot;
  }
  async refresh(): Promise<KeySetSnapshot | undefined> {
    this.refreshes += 1;
    this.snapshot = this.next ?? this.snapshot;
    return this.snapshot;
  }
}

class Clock {
  nowMs = NOW_MS;
}

function createJwtAuth(
  options: Partial<JwtAuthOptions> = {},
  keySets: KeySetSource = new FakeKeySets(),
  clock = new Clock(),
): Filter & { dispose?(): void } {
  const services: FilterServices = { now: () => clock.nowMs, keySets };
  return jwtAuthFactory.create(
    jwtAuthOptions({ key: { kind: 'secret', secret: SECRET }, ...options }),
    services,
  );
}

const claimsOf = (claims: object): object => ({ sub: 'ada', iat: NOW, exp: NOW + 60, ...claims });
const hs = (claims: object = {}, header: object = {}): string =>
  jwt.sign(claimsOf(claims), SECRET, { algorithm: 'HS256', header: { alg: 'HS256', ...header } });
const signed = (key: KeyObject, algorithm: JwtAlgorithm, keyid?: string): string =>
  jwt.sign(claimsOf({}), key, { algorithm, ...(keyid === undefined ? {} : { keyid }) });
/** Any header and payload at all, under a good HS256 signature. */
function forged(header: object, payload: unknown = claimsOf({}), secret: string = SECRET): string {
  const text = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

interface Outcome {
  readonly verdict: FilterVerdict;
  readonly exchange: Exchange;
  readonly upstream: FakeFields;
  readonly sync: boolean;
}

async function ask(filter: Filter, head: FakeHead): Promise<Outcome> {
  const exchange = fakeExchange(head);
  const upstream = upstreamCopy(exchange);
  const answer = filter.onRequest?.(exchange, upstream);
  return { verdict: await answer, exchange, upstream, sync: !(answer instanceof Promise) };
}

const bearer = (token: string, more: FieldPairs = []): FakeHead => ({
  fields: [['authorization', `Bearer ${token}`], ...more],
});
const statusOf = async (filter: Filter, token: string): Promise<number> =>
  (await ask(filter, bearer(token))).verdict?.status ?? 200;
const challengeOf = (verdict: FilterVerdict): string =>
  new Map(verdict?.fields ?? []).get('www-authenticate') ?? '';

describe('a request without a usable token', () => {
  it('is told that a token is needed, without an error code (RFC 6750 section 3.1)', async () => {
    for (const fields of [
      [],
      [['authorization', 'Basic YTpi']],
      [['authorization', 'Bearer']],
      [['authorization', '']],
    ] as FieldPairs[]) {
      const { verdict } = await ask(createJwtAuth({ realm: 'api' }), { fields });
      expect(verdict).toMatchObject({ status: 401, cause: 'downstream.filter.unauthenticated' });
      expect(challengeOf(verdict)).toBe('Bearer realm="api"');
    }
  });

  it.each([
    ['one part', 'abc'],
    ['two parts', 'a.b'],
    ['an encrypted token', 'a.b.c.d.e'],
    ['no signature', hs().replace(/[^.]*$/, '')],
    ['text that is no base64url', `${hs()}=`],
    ['a header that is no JSON', `${Buffer.from('{').toString('base64url')}.e30.AA`],
    ['a header that is a list', forged([])],
    ['a header without alg', forged({})],
    ['a payload that is null', forged({ alg: 'HS256', typ: 'JWT' }, null)],
    ['a payload that is a list', forged({ alg: 'HS256' }, [])],
    ['a payload that is text', forged({ alg: 'HS256' }, 'ada')],
    ['a key id that is no text', forged({ alg: 'HS256', kid: {} })],
  ])('is refused: %s', async (_what, token) => {
    const { verdict } = await ask(createJwtAuth(), bearer(token));
    expect(verdict?.status).toBe(401);
    expect(challengeOf(verdict)).toMatch(
      /^Bearer realm="torus", error="invalid_token", error_description="[^"]+"$/,
    );
  });

  it('is refused when two fields, cookies or parameters each carry one', async () => {
    const good = hs();
    expect(
      (await ask(createJwtAuth(), bearer(good, [['authorization', `Bearer ${good}`]]))).verdict?.status,
    ).toBe(401);
    expect(
      (
        await ask(createJwtAuth({ from: { kind: 'cookie', name: 't' } }), {
          fields: [['cookie', `t=${good}; t=${good}`]],
        })
      ).verdict?.status,
    ).toBe(401);
    expect(
      (await ask(createJwtAuth({ from: { kind: 'query', name: 't' } }), { query: `?t=${good}&t=${good}` }))
        .verdict?.status,
    ).toBe(401);
  });

  it('is refused before anything is decoded when the token is too long', async () => {
    const filter = createJwtAuth({ maxTokenBytes: hs().length });
    expect(await statusOf(filter, hs())).toBe(200);
    expect(await statusOf(filter, `${hs()}A`)).toBe(401);
  });

  it('never sees the token or the key in the answer', async () => {
    const token = hs({ sub: 'a-name-nobody-should-see', exp: NOW - 10 });
    const text = JSON.stringify((await ask(createJwtAuth(), bearer(token))).verdict);
    for (const part of [...token.split('.'), SECRET, 'a-name-nobody-should-see'])
      expect(text).not.toContain(part);
  });
});

describe('a token that was tampered with', () => {
  it.each([
    [
      'alg none without signature',
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claimsOf({}))).toString('base64url')}.`,
    ],
    ['alg none with a signature', forged({ alg: 'none' })],
    ['alg None', forged({ alg: 'None' })],
    ['an algorithm nobody accepts', jwt.sign(claimsOf({}), SECRET, { algorithm: 'HS512' })],
    ['a signature by another secret', forged({ alg: 'HS256' }, claimsOf({}), 'another secret')],
    ['an extension it must understand', forged({ alg: 'HS256', crit: ['b64'], b64: false })],
    ['an empty crit list', forged({ alg: 'HS256', crit: [] })],
  ])('is refused: %s', async (_what, token) => {
    expect(await statusOf(createJwtAuth(), token)).toBe(401);
  });

  it('is refused when the public key was used as a shared secret (algorithm confusion)', async () => {
    const pem = pemOf(rsa.publicKey);
    const confused = forged({ alg: 'HS256' }, claimsOf({}), pem);
    for (const algorithms of [['RS256'], ['RS256', 'HS256']] as JwtAlgorithm[][]) {
      expect(
        await statusOf(createJwtAuth({ key: { kind: 'pem', pem, file: 'key.pem' }, algorithms }), confused),
      ).toBe(401);
      expect(
        await statusOf(
          createJwtAuth({ key: { kind: 'jwks', keys: [jwkOf(rsa.publicKey)], file: 'keys' }, algorithms }),
          confused,
        ),
      ).toBe(401);
    }
    expect(() => createJwtAuth({ key: { kind: 'secret', secret: pem } })).toThrow(RangeError);
  });

  it('never brings its own key', async () => {
    const own = otherRsa.publicKey.export({ format: 'jwk' });
    const token = jwt.sign(claimsOf({}), otherRsa.privateKey, {
      algorithm: 'RS256',
      header: { alg: 'RS256', jwk: own, jku: 'http://x/', x5u: 'http://x/' } as unknown as jwt.JwtHeader,
    });
    expect(
      await statusOf(
        createJwtAuth({
          key: { kind: 'pem', pem: pemOf(rsa.publicKey), file: 'key.pem' },
          algorithms: ['RS256'],
        }),
        token,
      ),
    ).toBe(401);
  });

  it('is refused when an ES256 signature comes with the algorithm of another curve', async () => {
    const text = [{ alg: 'ES384' }, claimsOf({})]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const token = `${text}.${signBytes('sha384', Buffer.from(text), { key: ec.ES256.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    const key = { kind: 'pem', pem: pemOf(ec.ES256.publicKey), file: 'key.pem' } as const;
    expect(await statusOf(createJwtAuth({ key, algorithms: ['ES256', 'ES384'] }), token)).toBe(401);
    expect(
      await statusOf(
        createJwtAuth({ key, algorithms: ['ES256', 'ES384'] }),
        signed(ec.ES256.privateKey, 'ES256'),
      ),
    ).toBe(200);
    expect(
      await statusOf(
        createJwtAuth({ key, algorithms: ['ES256'] }),
        `${signed(ec.ES256.privateKey, 'ES256')}AA`,
      ),
    ).toBe(401);
  });
});

describe('a key', () => {
  it.each(['HS256', 'HS384', 'HS512'] as const)('verifies %s as a shared secret', async (algorithm) => {
    expect(
      await statusOf(
        createJwtAuth({ algorithms: [algorithm] }),
        jwt.sign(claimsOf({}), SECRET, { algorithm }),
      ),
    ).toBe(200);
  });

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const)(
    'verifies %s as an RSA key in PEM',
    async (algorithm) => {
      const filter = createJwtAuth({
        key: { kind: 'pem', pem: pemOf(rsa.publicKey), file: 'key.pem' },
        algorithms: [algorithm],
      });
      expect(await statusOf(filter, signed(rsa.privateKey, algorithm))).toBe(200);
      expect(await statusOf(filter, signed(otherRsa.privateKey, algorithm))).toBe(401);
    },
  );

  it.each(['ES256', 'ES384', 'ES512'] as const)('verifies %s as an EC key in JWK', async (algorithm) => {
    const filter = createJwtAuth({
      key: { kind: 'jwks', keys: [jwkOf(ec[algorithm].publicKey, { kid: 'k' })], file: 'keys' },
      algorithms: [algorithm],
    });
    expect(await statusOf(filter, signed(ec[algorithm].privateKey, algorithm, 'k'))).toBe(200);
  });

  it('is refused at compile time when it fits no accepted algorithm, is too short, or is no key', () => {
    const pem = (text: string): JwtAuthOptions['key'] => ({ kind: 'pem', pem: text, file: 'key.pem' });
    expect(() => createJwtAuth({ key: pem(pemOf(rsa.publicKey)), algorithms: ['ES256'] })).toThrow(
      RangeError,
    );
    expect(() => createJwtAuth({ key: pem(pemOf(ec.ES384.publicKey)), algorithms: ['ES256'] })).toThrow(
      RangeError,
    );
    expect(() => createJwtAuth({ key: pem(pemOf(shortRsa.publicKey)), algorithms: ['RS256'] })).toThrow(
      RangeError,
    );
    expect(() => createJwtAuth({ key: pem('no key'), algorithms: ['RS256'] })).toThrow(RangeError);
    expect(() => createJwtAuth({ algorithms: ['RS256'] })).toThrow(RangeError);
    expect(() =>
      createJwtAuth({ key: { kind: 'jwks', keys: [{ kty: 'RSA' }], file: 'keys' }, algorithms: ['RS256'] }),
    ).toThrow(RangeError);
  });

  it('is chosen by its id; without an id only when exactly one fits', async () => {
    const key = (keys: readonly Jwk[]): JwtAuthOptions['key'] => ({ kind: 'jwks', keys, file: 'keys' });
    const two = createJwtAuth({
      key: key([jwkOf(otherRsa.publicKey, { kid: 'old' }), jwkOf(rsa.publicKey, { kid: 'new' })]),
      algorithms: ['RS256'],
    });
    expect(await statusOf(two, signed(rsa.privateKey, 'RS256', 'new'))).toBe(200);
    expect(await statusOf(two, signed(rsa.privateKey, 'RS256', 'old'))).toBe(401);
    expect(await statusOf(two, signed(rsa.privateKey, 'RS256', 'none'))).toBe(401);
    expect(await statusOf(two, signed(rsa.privateKey, 'RS256'))).toBe(401);
    const mixed = createJwtAuth({
      key: key([jwkOf(ec.ES256.publicKey), jwkOf(rsa.publicKey)]),
      algorithms: ['RS256', 'ES256'],
    });
    expect(await statusOf(mixed, signed(rsa.privateKey, 'RS256'))).toBe(200);
  });

  it.each([
    ['use', { use: 'enc' }],
    ['key_ops', { key_ops: ['encrypt'] }],
    ['alg', { alg: 'RS512' }],
  ])('is not used against its own %s', async (_what, more) => {
    const keys = [jwkOf(rsa.publicKey, { kid: 'k', ...more }), jwkOf(ec.ES256.publicKey, { kid: 'e' })];
    const filter = createJwtAuth({
      key: { kind: 'jwks', keys, file: 'keys' },
      algorithms: ['RS256', 'ES256'],
    });
    expect(await statusOf(filter, signed(rsa.privateKey, 'RS256', 'k'))).toBe(401);
  });

  it('may be a shared secret in a key set file, never in one that a URL publishes', async () => {
    const keys = [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url') }];
    expect(await statusOf(createJwtAuth({ key: { kind: 'jwks', keys, file: 'keys' } }), hs())).toBe(200);
    expect(
      await statusOf(
        createJwtAuth({ key: { kind: 'jwks-url', url: URL } }, new FakeKeySets({ generation: 1, keys })),
        hs(),
      ),
    ).toBe(401);
  });
});

describe('keys behind a URL', () => {
  const options: Partial<JwtAuthOptions> = { key: { kind: 'jwks-url', url: URL }, algorithms: ['RS256'] };
  const old: KeySetSnapshot = {
    generation: 1,
    keys: [jwkOf(otherRsa.publicKey, { kid: 'old' }), { kty: 'RSA', n: 'junk' }],
  };
  const next: KeySetSnapshot = { generation: 2, keys: [jwkOf(rsa.publicKey, { kid: 'new' })] };

  it('verify without a promise while they are there', async () => {
    const keySets = new FakeKeySets(next);
    const { verdict, sync } = await ask(
      createJwtAuth(options, keySets),
      bearer(signed(rsa.privateKey, 'RS256', 'new')),
    );
    expect([verdict, sync, keySets.refreshes]).toEqual([undefined, true, 0]);
  });

  it('are asked for once when a key id is unknown', async () => {
    const rotated = new FakeKeySets(old, next);
    expect(await statusOf(createJwtAuth(options, rotated), signed(rsa.privateKey, 'RS256', 'new'))).toBe(200);
    expect(rotated.refreshes).toBe(1);
    const unchanged = new FakeKeySets(old);
    expect(await statusOf(createJwtAuth(options, unchanged), signed(rsa.privateKey, 'RS256', 'new'))).toBe(
      401,
    );
    expect(unchanged.refreshes).toBe(1);
  });

  it('are not asked for by tokens that could not pass anyway', async () => {
    const keySets = new FakeKeySets(old);
    await statusOf(createJwtAuth(options, keySets), hs());
    await statusOf(createJwtAuth(options, keySets), 'a.b.c');
    expect(keySets.refreshes).toBe(0);
  });

  it('that were never fetched make 503 with Retry-After', async () => {
    const { verdict } = await ask(
      createJwtAuth(options, new FakeKeySets()),
      bearer(signed(rsa.privateKey, 'RS256', 'new')),
    );
    expect(verdict).toMatchObject({
      status: 503,
      cause: 'internal.filter.failed',
      fields: [['retry-after', '5']],
    });
  });

  it('that are withdrawn take the remembered tokens with them', async () => {
    const keySets = new FakeKeySets({ generation: 1, keys: next.keys });
    const filter = createJwtAuth(options, keySets);
    const token = signed(rsa.privateKey, 'RS256', 'new');
    for (let times = 0; times < 3; times += 1) expect(await statusOf(filter, token)).toBe(200);
    keySets.snapshot = { generation: 2, keys: old.keys };
    expect(await statusOf(filter, token)).toBe(401);
  });

  it('stay in use when the source forgets them', async () => {
    const keySets = new FakeKeySets(next);
    const filter = createJwtAuth(options, keySets);
    expect(await statusOf(filter, signed(rsa.privateKey, 'RS256', 'new'))).toBe(200);
    keySets.snapshot = undefined;
    expect(await statusOf(filter, signed(rsa.privateKey, 'RS256', 'new'))).toBe(200);
  });
});

describe('claims', () => {
  it.each<[string, object, Partial<JwtAuthOptions>, number]>([
    ['exp in the past', { exp: NOW - 1 }, {}, 401],
    ['exp now', { exp: NOW }, {}, 401],
    ['exp within the leeway', { exp: NOW - 4 }, { leewayMs: 5000 }, 200],
    ['exp past the leeway', { exp: NOW - 5 }, { leewayMs: 5000 }, 401],
    ['no exp', { exp: undefined }, {}, 401],
    ['no exp, not required', { exp: undefined }, { requireExp: false }, 200],
    ['exp that is text', { exp: '9999999999' }, {}, 401],
    ['exp that is null', { exp: null }, { requireExp: false }, 401],
    ['nbf in the future', { nbf: NOW + 1 }, {}, 401],
    ['nbf within the leeway', { nbf: NOW + 5 }, { leewayMs: 5000 }, 200],
    ['nbf that is text', { nbf: '0' }, {}, 401],
    ['the issuer', { iss: 'b' }, { issuer: ['a', 'b'] }, 200],
    ['another issuer', { iss: 'c' }, { issuer: ['a', 'b'] }, 401],
    ['no issuer', {}, { issuer: ['a'] }, 401],
    ['the audience', { aud: 'b' }, { audience: ['a', 'b'] }, 200],
    ['one audience of several', { aud: ['x', 'b'] }, { audience: ['b'] }, 200],
    ['another audience', { aud: 'bb' }, { audience: ['b'] }, 401],
    ['no audience', {}, { audience: ['b'] }, 401],
    ['required claims', { tenant: 'x', admin: true }, { requiredClaims: { tenant: 'x', admin: true } }, 200],
    ['a required claim of another type', { admin: 'true' }, { requiredClaims: { admin: true } }, 401],
    ['a required claim missing', {}, { requiredClaims: { tenant: 'x' } }, 401],
    ['a required claim that every object inherits', {}, { requiredClaims: { constructor: 'x' } }, 401],
    ['scope as text', { scope: 'read write' }, { scopes: ['write', 'read'] }, 200],
    ['scope as a list', { scope: ['read'] }, { scopes: ['read'] }, 200],
    ['scp', { scp: ['read'] }, { scopes: ['read'] }, 200],
    ['scope that only begins alike', { scope: 'reader' }, { scopes: ['read'] }, 403],
    ['no scope', {}, { scopes: ['read'] }, 403],
  ])('decide: %s', async (_what, claims, options, status) => {
    const filter = createJwtAuth(options);
    const token = forged({ alg: 'HS256' }, claimsOf(claims));
    expect(await statusOf(filter, token)).toBe(status);
    expect(await statusOf(filter, token)).toBe(status);
  });

  it('say which scope is missing (RFC 6750 section 3.1)', async () => {
    const { verdict, exchange } = await ask(createJwtAuth({ scopes: ['read', 'write'] }), bearer(hs()));
    expect(verdict).toMatchObject({ status: 403, cause: 'downstream.filter.forbidden' });
    expect(challengeOf(verdict)).toBe('Bearer realm="torus", error="insufficient_scope", scope="read write"');
    expect(exchange.identity).toBeUndefined();
  });

  it('say why a token that was good once is not good now', async () => {
    const filter = createJwtAuth();
    expect(challengeOf((await ask(filter, bearer(hs({ exp: NOW - 1 })))).verdict)).toContain('expired');
    expect(challengeOf((await ask(filter, bearer(hs({ nbf: NOW + 9 })))).verdict)).toContain('not valid yet');
  });

  it('become the identity of the exchange', async () => {
    const { exchange } = await ask(createJwtAuth(), bearer(hs({ role: 'admin' })));
    expect(exchange.identity).toMatchObject({ subject: 'ada', claims: { role: 'admin' } });
    expect(Object.isFrozen(exchange.identity?.claims)).toBe(true);
  });
});

describe('fields made of claims', () => {
  const options: Partial<JwtAuthOptions> = {
    claimsToHeaders: { sub: 'x-auth-subject', roles: 'x-auth-roles' },
  };
  const spoofed: FieldPairs = [
    ['x-auth-subject', 'eve'],
    ['X-Auth-Subject', 'eve'],
    ['x_auth_subject', 'eve'],
    ['x-auth_subject', 'eve'],
    ['x_auth_roles', 'admin'],
    ['x-auth-roles', 'admin'],
    ['x-auth-other', 'kept'],
  ];

  it('replace every copy the client sent, in whatever spelling, also when the claim is absent', async () => {
    const { upstream } = await ask(createJwtAuth(options), bearer(hs(), spoofed));
    expect([...upstream.entries()].slice(1)).toEqual([
      ['x-auth-other', 'kept'],
      ['x-auth-subject', 'ada'],
    ]);
  });

  it('are taken from the client even when the request is refused', async () => {
    const { upstream } = await ask(createJwtAuth(options), { fields: spoofed });
    expect([...upstream.entries()]).toEqual([['x-auth-other', 'kept']]);
  });

  it('are stripped in every spelling when the name has many dashes', async () => {
    const filter = createJwtAuth({ claimsToHeaders: { sub: 'x-a-b-c-d-e-f' } });
    const { upstream } = await ask(
      filter,
      bearer(hs(), [
        ['x_a-b_c-d_e-f', 'eve'],
        ['x-a-b-c-d-e', 'kept'],
      ]),
    );
    expect([...upstream.entries()].slice(1)).toEqual([
      ['x-a-b-c-d-e', 'kept'],
      ['x-a-b-c-d-e-f', 'ada'],
    ]);
  });

  it('are the same when the token is remembered', async () => {
    const filter = createJwtAuth(options);
    const token = hs({ roles: ['a', 'b'] });
    await ask(filter, bearer(token));
    const { upstream } = await ask(filter, bearer(token, spoofed));
    expect([upstream.getAll('x-auth-subject'), upstream.getAll('x-auth-roles')]).toEqual([['ada'], ['a,b']]);
  });
});

describe('the token itself', () => {
  const token = hs();

  it('goes on to the upstream unless told otherwise', async () => {
    expect((await ask(createJwtAuth(), bearer(token))).upstream.get('authorization')).toBe(`Bearer ${token}`);
    expect(
      (await ask(createJwtAuth({ forwardToken: false }), bearer(token))).upstream.has('authorization'),
    ).toBe(false);
  });

  it('is read from any header field, with any scheme or none', async () => {
    const plain = createJwtAuth({ from: { kind: 'header', name: 'x-token', scheme: '' } });
    expect((await ask(plain, { fields: [['x-token', token]] })).verdict).toBeUndefined();
    expect(
      (await ask(createJwtAuth(), { fields: [['authorization', `bEARER   ${token}`]] })).verdict,
    ).toBeUndefined();
    expect(
      (await ask(createJwtAuth(), { fields: [['authorization', `Bearers ${token}`]] })).verdict?.status,
    ).toBe(401);
  });

  it('is read from a cookie, and taken out of it without touching the others', async () => {
    const filter = createJwtAuth({ from: { kind: 'cookie', name: 'session' }, forwardToken: false });
    const { verdict, upstream } = await ask(filter, {
      fields: [
        ['cookie', `a=1; session="${token}"; xsession=2`],
        ['cookie', 'b=3'],
      ],
    });
    expect(verdict).toBeUndefined();
    expect(upstream.getAll('cookie')).toEqual(['a=1; xsession=2', 'b=3']);
    expect((await ask(filter, { fields: [['cookie', `session=${token}`]] })).upstream.has('cookie')).toBe(
      false,
    );
  });

  it('is read from the query, where it cannot be kept from the upstream', async () => {
    const from = { kind: 'query', name: 'access_token' } as const;
    expect(
      (await ask(createJwtAuth({ from }), { query: `?a=1&access_token=${token}` })).verdict,
    ).toBeUndefined();
    expect(() => createJwtAuth({ from, forwardToken: false })).toThrow(RangeError);
  });
});

describe('remembered tokens', () => {
  it('are not verified again once they have come twice', async () => {
    const filter = createJwtAuth();
    const token = hs();
    const verify = jest.spyOn(jwt, 'verify');
    for (const calls of [1, 2, 2, 2]) {
      const { verdict, sync } = await ask(filter, bearer(token));
      expect([verdict, sync]).toEqual([undefined, true]);
      expect(verify).toHaveBeenCalledTimes(calls);
    }
    verify.mockRestore();
  });

  it('are forgotten when they expire', async () => {
    const clock = new Clock();
    const filter = createJwtAuth({ leewayMs: 1000 }, undefined, clock);
    const token = hs({ exp: NOW + 60 });
    expect(await statusOf(filter, token)).toBe(200);
    clock.nowMs = NOW_MS + 60_999;
    for (let times = 0; times < 3; times += 1) expect(await statusOf(filter, token)).toBe(200);
    clock.nowMs = NOW_MS + 61_000;
    expect(await statusOf(filter, token)).toBe(401);
  });

  it('are bounded in number, and may be none', async () => {
    const verify = jest.spyOn(jwt, 'verify');
    const tokens = [hs({ n: 1 }), hs({ n: 2 })];
    const one = createJwtAuth({ cacheSize: 1 });
    for (const token of [...tokens, ...tokens]) expect(await statusOf(one, token)).toBe(200);
    expect(verify).toHaveBeenCalledTimes(4);
    const none = createJwtAuth({ cacheSize: 0 });
    for (const token of [hs(), hs()]) expect(await statusOf(none, token)).toBe(200);
    expect(verify).toHaveBeenCalledTimes(6);
    verify.mockRestore();
  });

  it('do not let a token in that differs by one letter', async () => {
    const filter = createJwtAuth();
    const token = hs();
    for (let times = 0; times < 3; times += 1) expect(await statusOf(filter, token)).toBe(200);
    for (let index = 0; index < token.length; index += 7) {
      const letter = token[index] === 'A' ? 'B' : 'A';
      expect(await statusOf(filter, token.slice(0, index) + letter + token.slice(index + 1))).toBe(401);
    }
    expect(await statusOf(filter, `${token.slice(0, -6)}${randomBytes(4).toString('base64url')}`)).toBe(401);
  });
});
