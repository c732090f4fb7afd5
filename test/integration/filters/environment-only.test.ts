/** The production start with nothing but environment variables: HTTPS, and a JWT before every path. */
import {
  echo,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
  testCertificate,
  token,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

describe('Torus with the environment alone', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let caPem: string;

  beforeAll(async () => {
    const certificate = await testCertificate();
    caPem = certificate.caPem;
    upstream = await startHttpUpstream(echo);
    torus = await startTorus({
      env: {
        TORUS_UPSTREAM: upstream.url,
        JWT_SECRET: TEST_SECRET,
        HOST: '127.0.0.1',
        PORT: '0',
        CERT_FILE: certificate.certFile,
        KEY_FILE: certificate.keyFile,
        TORUS_ADMIN: '127.0.0.1:0',
        TORUS_WORKERS: '1',
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const ask = async (line: string, ...fields: readonly string[]): Promise<ReadResponse> => {
    const client = await rawClient({ port: torus.port(), tls: { ca: caPem } });
    const response = await client.exchange(requestHead(line, ...fields));
    await client.close();
    return response;
  };

  it.each([
    'GET /',
    'GET /metrics',
    'GET /readyz',
    'GET /.well-known/x',
    'OPTIONS *',
    'OPTIONS /a',
    'HEAD /a',
    'DELETE /a/b/c',
    'PROPFIND /a',
    'GET http://example.test/absolute',
    'GET //double',
    'GET /a;b=c',
  ])('protects %s', async (line) => {
    const accepted = upstream.acceptedSockets;
    const client = await rawClient({ port: torus.port(), tls: { ca: caPem } });
    const response = await client.exchange(requestHead(line), { method: line.split(' ')[0]! });
    await client.close();
    expect(response.status === 401 || (line === 'GET //double' && response.status === 400)).toBe(true);
    expect(upstream.acceptedSockets).toBe(accepted);
  });

  it('lets a request with a token of that secret through', async () => {
    const response = await ask('GET /hello?a=b', `Authorization: Bearer ${token()}`);
    expect(response.status).toBe(200);
    expect(JSON.parse(response.text())).toMatchObject({ method: 'GET', url: '/hello?a=b' });
  });

  it('logs that it listens, by the line that operators rely on', () => {
    const [pid] = torus.workers();
    expect(torus.logs().map(({ msg }) => msg)).toContain(
      `Worker ${String(pid)} listening for Secure HTTPS traffic`,
    );
  });
});
