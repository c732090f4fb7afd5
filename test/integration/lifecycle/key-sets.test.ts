/** A live JWKS issuer: asked once for the whole instance, at a limited rate, and not missed when it goes down. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  token,
  until,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly jwk: object;
}

const makeKey = (keyId: string): SigningKey => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { keyId, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'ES256' } };
};

describe('a remote key set', () => {
  const first = makeKey('first');
  const second = makeKey('second');
  const published = [first.jwk];
  let fetches = 0;
  let issuer: TestUpstream;
  let app: TestUpstream;
  let torus: RunningTorus;
  let lone: RunningTorus;

  const start = (jwksUrl: string): Promise<RunningTorus> =>
    startTorus({
      config: {
        workers: 2,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        log: { access: false },
        upstreams: { app: { endpoints: [app.url] } },
        routes: [
          {
            name: 'all',
            match: { path: '/*' },
            filters: [{ 'jwt-auth': { jwksUrl, algorithms: ['ES256'] } }],
            upstream: 'app',
          },
        ],
      },
    });

  beforeAll(async () => {
    app = await startHttpUpstream((_request, response) => void response.end('welcome'));
    issuer = await startHttpUpstream((_request, response) => {
      fetches += 1;
      response.end(JSON.stringify({ keys: published }));
    });
    const nobody = await startHttpUpstream();
    await nobody.close();
    [torus, lone] = await Promise.all([
      start(`${issuer.url}/keys`),
      start(`${nobody.url}/keys?secret=hidden`),
    ]);
  });

  afterAll(async () => {
    await Promise.all([torus.stop(), lone.stop()]);
    await Promise.all([issuer.close(), app.close()]);
  });

  const ask = async ({ keyId, privateKey }: SigningKey, at = torus): Promise<ReadResponse> => {
    const signed = token({ sub: 'tester' }, privateKey, { algorithm: 'ES256', keyid: keyId });
    const client = await rawClient({ port: at.port() });
    const response = await client.exchange(requestHead('GET /', `Authorization: Bearer ${signed}`));
    await client.close();
    return response;
  };

  const askTimes = (count: number, key: SigningKey): Promise<number[]> =>
    Promise.all(Array.from({ length: count }, async () => (await ask(key)).status));

  it('is fetched once for all workers, and only every ten seconds for key ids that are unknown', async () => {
    await until(async () => (await ask(first)).status === 200, 5_000, 'the first keys');
    expect(await askTimes(12, first)).toEqual(Array(12).fill(200));
    expect(fetches).toBe(1);
    published.push(second.jwk);
    expect(await askTimes(12, second)).toEqual(Array(12).fill(401));
    expect(fetches).toBe(1);
    await until(async () => (await ask(second)).status === 200, 15_000, 'the new key to be accepted');
    expect(await askTimes(12, second)).toEqual(Array(12).fill(200));
    expect(fetches).toBe(2);
  });

  it('is kept when the issuer goes down', async () => {
    await issuer.refuse();
    expect(await askTimes(6, first)).toEqual(Array(6).fill(200));
    expect((await ask(makeKey('unheard-of'))).status).toBe(401);
    expect(await askTimes(6, second)).toEqual(Array(6).fill(200));
  });

  it('that could never be fetched means 503 with Retry-After, and a log line without the query', async () => {
    const response = await ask(first, lone);
    expect([response.status, Number(response.field('retry-after'))]).toEqual([503, expect.any(Number)]);
    const line = await lone.waitForLog('Key set fetch failed');
    expect(line).toMatchObject({ level: 'error', keptKeys: 0 });
    expect(JSON.stringify(lone.logs())).not.toContain('hidden');
  });
});
