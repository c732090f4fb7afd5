import { generateKeyPairSync } from 'node:crypto';
import type { JwtAuthOptions } from '../../../../src/contracts/config.js';
import {
  ecKey,
  errorsOf,
  exported,
  rsaKey,
  SECRET,
  snapshotOf,
  warningsOf,
  withRoute,
  Workspace,
} from '../configuration-fixture.js';

describe('jwt-auth', () => {
  const workspace = new Workspace();
  const rsa = rsaKey();
  const p256 = ecKey();
  const p384 = ecKey('P-384');
  beforeAll(() => {
    workspace.write('rsa.pem', rsa.publicPem);
    workspace.write('rsa-private.pem', rsa.privatePem);
    workspace.write('p256.pem', p256.publicPem);
    workspace.write('p384.pem', p384.publicPem);
    workspace.write('small.pem', rsaKey(1024).publicPem);
    workspace.write('ed.pem', exported(generateKeyPairSync('ed25519')).publicPem);
    workspace.write('junk.pem', 'junk');
  });
  afterAll(() => workspace.dispose());

  const load = (options: string, env?: NodeJS.ProcessEnv) =>
    workspace.yaml(withRoute('match: { path: /* }', `filters: [{ jwt-auth: ${options} }]`), env);
  const optionsOf = async (options: string): Promise<JwtAuthOptions> => {
    const filter = snapshotOf(await load(options)).routes[0]?.filters[0];
    if (filter?.name !== 'jwt-auth') throw new Error('no jwt-auth filter');
    return filter.options;
  };
  const errors = async (options: string) => errorsOf(await load(options));

  it('has safe defaults', async () => {
    expect(await optionsOf(`{ secret: "${SECRET}" }`)).toEqual({
      key: { kind: 'secret', secret: SECRET },
      algorithms: ['HS256'],
      issuer: [],
      audience: [],
      leewayMs: 5000,
      requireExp: true,
      requiredClaims: {},
      scopes: [],
      from: { kind: 'header', name: 'authorization', scheme: 'Bearer' },
      claimsToHeaders: {},
      forwardToken: true,
      maxTokenBytes: 8192,
      cacheSize: 10_000,
      realm: 'torus',
    });
  });

  it('refuses a PEM document as a shared secret', async () => {
    const [problem] = await errors(String.raw`{ secret: "-----BEGIN PUBLIC KEY-----\nAAAA" }`);
    expect(problem).toContain('publicKey');
  });

  it('refuses to promise that a token in the query is not forwarded', async () => {
    const [problem] = await errors(`{ secret: "${SECRET}", from: { query: token }, forwardToken: false }`);
    expect(problem).toContain('from.query');
  });

  it.each([
    ['rsa.pem', 'RS256'],
    ['p256.pem', 'ES256'],
    ['p384.pem', 'ES384'],
  ])('uses the algorithm that fits %s', async (file, algorithm) => {
    expect((await optionsOf(`{ publicKey: ${file} }`)).algorithms).toEqual([algorithm]);
  });

  it.each([
    ['rsa.pem', 'HS256'],
    ['rsa.pem', 'ES256'],
    ['p256.pem', 'RS256'],
    ['p256.pem', 'ES384'],
    ['p256.pem', 'HS256'],
  ])('refuses, for %s, %s', async (file, algorithm) => {
    expect(await errors(`{ publicKey: ${file}, algorithms: [${algorithm}] }`)).toEqual([
      expect.stringMatching(
        new RegExp(`^torus\\.yaml:7: .*algorithms\\[0\\]: ${algorithm} does not fit the .* in ${file}`),
      ),
    ]);
  });

  it('refuses asymmetric algorithms for a secret, and none for anything', async () => {
    expect(await errors(`{ secret: "${SECRET}", algorithms: [RS256] }`)).toEqual([
      expect.stringContaining('RS256 does not fit a shared secret'),
    ]);
    expect(await errors(`{ secret: "${SECRET}", algorithms: [none] }`)).toEqual([
      expect.stringContaining('must be one of HS256'),
    ]);
    expect(await errors(`{ secret: "${SECRET}", algorithms: [] }`)).toHaveLength(1);
    expect(await errors('{ jwksUrl: "https://issuer.example/keys", algorithms: [HS256] }')).toEqual([
      expect.stringContaining('does not fit published keys'),
    ]);
  });

  it('warns of a short secret and refuses an empty one', async () => {
    expect(warningsOf(await load('{ secret: short-secret }'))).toEqual([
      expect.stringContaining('shorter than 32 bytes'),
    ]);
    expect(await errors('{ secret: "" }')).toEqual([
      expect.stringContaining('JWT Secret is required to boot JWT Authenticator.'),
    ]);
    expect(await errors('{ secret: }')).toEqual([
      expect.stringContaining('JWT Secret is required to boot JWT Authenticator.'),
    ]);
  });

  it('keeps only the public half of a private key, with a warning', async () => {
    const result = await load('{ publicKey: rsa-private.pem }');
    expect(JSON.stringify(snapshotOf(result))).not.toContain('PRIVATE');
    expect(warningsOf(result)).toEqual([expect.stringContaining('holds a private key')]);
  });

  it('takes the key out of a certificate', async () => {
    await workspace.writeCertificate();
    expect(await optionsOf('{ publicKey: certs/cert.pem }')).toMatchObject({
      algorithms: ['ES256'],
      key: { kind: 'pem', pem: expect.stringContaining('BEGIN PUBLIC KEY') },
    });
  });

  it.each([
    ['small.pem', '1024 bits'],
    ['ed.pem', 'ed25519'],
    ['junk.pem', 'holds no key'],
    ['absent.pem', 'does not exist'],
  ])('refuses the key file %s', async (file, reason) => {
    expect(await errors(`{ publicKey: ${file} }`)).toEqual([expect.stringContaining(reason)]);
  });

  it('reads the public keys of a JWKS file', async () => {
    workspace.write(
      'jwks.json',
      JSON.stringify({
        keys: [
          { ...rsa.jwk, kid: 'a' },
          { ...p384.jwk, kid: 'b' },
          { kty: 'oct', k: 'c2VjcmV0' },
          { kty: 'RSA', use: 'enc' },
          { kty: 'XX' },
        ],
      }),
    );
    const result = await load('{ jwks: jwks.json }');
    const text = JSON.stringify(snapshotOf(result));
    expect(text).not.toContain(String(rsa.jwk['d']));
    expect(text).not.toContain('c2VjcmV0');
    expect(warningsOf(result)).toHaveLength(4);
    expect((await optionsOf('{ jwks: jwks.json }')).algorithms).toEqual(['RS256', 'ES384']);
    expect(await errors('{ jwks: jwks.json, algorithms: [ES256] }')).toEqual([
      expect.stringContaining('ES256 does not fit any key in jwks.json'),
    ]);
  });

  it.each(['{', '{}', '{"keys": []}', '{"keys": [{"kty": "oct", "k": "aa"}]}'])(
    'refuses the JWKS %j',
    async (text) => {
      workspace.write('bad.json', text);
      expect(await errors('{ jwks: bad.json }')).toEqual([expect.stringContaining('JWKS file bad.json')]);
    },
  );

  it('wants exactly one key and one place for the token', async () => {
    expect(await errors('{}')).toEqual([
      expect.stringContaining('exactly one of secret, publicKey, jwks, jwksUrl'),
    ]);
    expect(await errors(`{ secret: "${SECRET}", jwks: a.json }`)).toHaveLength(1);
    expect(await errors(`{ secret: "${SECRET}", from: { cookie: a, query: b } }`)).toHaveLength(1);
    expect(await errors(`{ secret: "${SECRET}", from: { cookie: a, scheme: b } }`)).toHaveLength(1);
  });

  it('reads each place for the token', async () => {
    const from = async (text: string) => (await optionsOf(`{ secret: "${SECRET}", from: ${text} }`)).from;
    expect(await from('{ header: X-Token }')).toEqual({ kind: 'header', name: 'x-token', scheme: '' });
    expect(await from('{ header: Authorization, scheme: JWT }')).toEqual({
      kind: 'header',
      name: 'authorization',
      scheme: 'JWT',
    });
    expect(await from('{ cookie: session }')).toEqual({ kind: 'cookie', name: 'session' });
    expect(await from('{ query: token }')).toEqual({ kind: 'query', name: 'token' });
  });

  it('lets claims fill no framing or hop-by-hop header, and no header twice', async () => {
    expect(await errors(`{ secret: "${SECRET}", claimsToHeaders: { sub: Content-Length } }`)).toEqual([
      expect.stringContaining('claimsToHeaders.sub'),
    ]);
    expect(await errors(`{ secret: "${SECRET}", claimsToHeaders: { sub: x-a, name: X-A } }`)).toEqual([
      expect.stringContaining('claimsToHeaders.name'),
    ]);
  });
});
