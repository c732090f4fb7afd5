/** One line for each request, with every documented field, whatever became of the request; and never a secret. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  echo,
  freePort,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
  testCertificate,
  token,
  type LogLine,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const OPERATIONS = path.resolve(__dirname, '../../../docs/operations.md');

/** The fields in the table under that heading: name -> when it is there. */
const documentedFields = (heading: string): Map<string, string> => {
  const text = readFileSync(OPERATIONS, 'utf8');
  const section = text.split(`\n### ${heading}\n`)[1]?.split('\n#')[0] ?? '';
  const rows = section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm);
  return new Map([...rows].map(([, name = '', when = '']) => [name, when.trim()]));
};

/** Only where exchanges are traced: test/integration/tracing. */
const TRACE_FIELDS = ['traceId', 'spanId', 'sampled'];
/** Only of exchanges that streamed. */
const FLOW_FIELDS = ['blockedOnClientMs', 'blockedOnUpstreamMs', 'peakBufferedBytes'];

describe('the access log', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let caPem: string;

  beforeAll(async () => {
    const certificate = await testCertificate();
    caPem = certificate.caPem;
    upstream = await startHttpUpstream((request, response) => {
      if (request.url?.startsWith('/api/hang') === true) return;
      if (request.url?.startsWith('/api/break') === true) {
        response.writeHead(200, { 'content-length': '100' });
        response.write('part');
        setTimeout(() => response.destroy(), 30);
        return;
      }
      return echo(request, response);
    });
    const dead = `http://127.0.0.1:${String(await freePort())}`;
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0' },
          { name: 'secure', address: '127.0.0.1:0', tls },
        ],
        admin: { address: '127.0.0.1:0' },
        trustedProxies: ['127.0.0.2'],
        upstreams: { echo: { endpoints: [upstream.url] }, dead: { endpoints: [dead] } },
        routes: [
          {
            name: 'api',
            match: { path: '/api/*', methods: ['GET', 'POST'] },
            upstream: 'echo',
            timeouts: { responseHead: '1s' },
          },
          { name: 'wait', match: { path: '/api/hang/long' }, upstream: 'echo' },
          { name: 'dead', match: { path: '/dead/*' }, upstream: 'dead' },
          {
            name: 'jwt',
            match: { path: '/jwt/*' },
            filters: [{ 'jwt-auth': { secret: TEST_SECRET } }],
            upstream: 'echo',
          },
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const connect = (localAddress?: string): Promise<RawClient> =>
    rawClient({ port: torus.port('plain'), ...(localAddress ? { localAddress } : {}) });
  const lineOf = (where: string): Promise<LogLine> =>
    torus.waitForLog((line) => line.msg === 'access' && line['path'] === where);
  const lineWith = (cause: string, detail?: string): Promise<LogLine> =>
    torus.waitForLog(
      (line) => line['cause'] === cause && (detail === undefined || line['detail'] === detail),
    );

  it('has every documented field of a request that went well, and no other', async () => {
    const client = await connect();
    const head = requestHead('POST /api/hello?secret=value', 'Content-Length: 5', 'User-Agent: test/1.0');
    const response = await client.exchange(`${head}hello`, { method: 'POST' });
    await client.close();
    const line = await lineOf('/api/hello');
    expect(line).toMatchObject({
      level: 'info',
      msg: 'access',
      role: 'worker',
      pid: torus.workers()[0],
      method: 'POST',
      host: 'example.test',
      path: '/api/hello',
      query: true,
      httpVersion: '1.1',
      client: '127.0.0.1',
      listener: 'plain',
      userAgent: 'test/1.0',
      status: 200,
      cause: 'ok',
      route: 'api',
      upstream: 'echo',
      endpoint: `127.0.0.1:${String(upstream.port)}`,
      attempts: 1,
      reused: false,
      requestBytes: 5,
      responseBytes: response.body.length,
    });
    const { connectMs, responseHeadMs, durationMs } = line as unknown as Record<string, number>;
    expect([connectMs! <= responseHeadMs!, responseHeadMs! <= durationMs!, durationMs! < 5_000]).toEqual([
      true,
      true,
      true,
    ]);
    expect(Math.abs(Date.now() - Number(line['time']))).toBeLessThan(10_000);
    const elsewhere = ['detail', 'failedAttempts', 'grpcStatus', ...FLOW_FIELDS, ...TRACE_FIELDS];
    const documented = [...documentedFields('The access log').keys()].filter(
      (name) => !elsewhere.includes(name),
    );
    expect(Object.keys(line).sort()).toEqual(documented.sort());
  });

  it('has the fields that are always there even for a request that no route matched', async () => {
    const client = await connect();
    await client.exchange(requestHead('GET /nowhere'));
    await client.close();
    const line = await lineOf('/nowhere');
    expect(line).toMatchObject({ status: 404, cause: 'downstream.route.not-found', attempts: 0 });
    const always = [...documentedFields('The access log')].filter(([, when]) => when === 'always');
    expect(Object.keys(line).sort()).toEqual(always.map(([name]) => name).sort());
  });

  it.each([
    ['PUT /api/x', 405, 'downstream.route.method-not-allowed'],
    ['GET /dead/x', 502, 'upstream.connect.refused'],
    ['GET /jwt/x', 401, 'downstream.filter.unauthenticated'],
    ['GET /api/hang', 504, 'upstream.head.timeout'],
    ['GET /unknown', 404, 'downstream.route.not-found'],
  ])('names the cause of %s, and the answer carries the id of its line', async (request, status, cause) => {
    const client = await connect();
    const response = await client.exchange(requestHead(request));
    await client.close();
    const line = await lineOf(request.split(' ')[1]!);
    expect(line).toMatchObject({ status, cause });
    expect(response.status).toBe(status);
    expect(response.field('content-type')).toBe('application/problem+json');
    expect(response.field('x-request-id')).toBe(line['id']);
    expect(JSON.parse(response.text())).toMatchObject({ status, cause, requestId: line['id'] });
  });

  it.each([
    ['GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'downstream.head.malformed'],
    ['GET / HTTP/1.1\r\n\r\n', 400, 'downstream.head.malformed'],
    ['GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505, 'downstream.head.version-unsupported'],
    [`GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414, 'downstream.head.target-too-long'],
    [`GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'downstream.head.too-large'],
  ])('has a line for a head that is refused (%#)', async (bytes, status, cause) => {
    const client = await connect();
    const response = await client.exchange(bytes);
    await client.close();
    const { requestId } = JSON.parse(response.text()) as { requestId: string };
    const line = await torus.waitForLog((at) => at['id'] === requestId);
    expect(line).toMatchObject({ msg: 'access', status, cause, client: '127.0.0.1', listener: 'plain' });
    expect(response.status).toBe(status);
    const documented = [...documentedFields('Requests that were refused by their head')];
    const always = documented.filter(([, when]) => when === 'always').map(([name]) => name);
    expect(Object.keys(line).sort()).toEqual(always.sort());
    expect(JSON.parse(response.text())).toMatchObject({ status, cause });
  });

  it('says what a head asked for that could be read, but has two meanings', async () => {
    const client = await connect();
    const response = await client.exchange(
      'PUT /a/%2e%2e/b%2fc?token=hush HTTP/1.1\r\nHost: A.test:80\r\n\r\n',
    );
    await client.close();
    const { requestId } = JSON.parse(response.text()) as { requestId: string };
    const line = await torus.waitForLog((at) => at['id'] === requestId);
    expect(line).toMatchObject({
      ...{ status: 400, cause: 'downstream.route.ambiguous-path', detail: 'path' },
      ...{ method: 'PUT', host: 'a.test', path: '/a/%2e%2e/b%2fc', query: true, httpVersion: '1.1' },
    });
    const documented = documentedFields('Requests that were refused by their head');
    expect(Object.keys(line).sort()).toEqual([...documented.keys()].sort());
    expect(JSON.stringify(line)).not.toContain('hush');
  });

  it('says what a head asked for whose body is broken from its first bytes on', async () => {
    const client = await connect();
    await client.exchange(`${requestHead('POST /api/broken', 'Transfer-Encoding: chunked')}zz\r\n`, {
      method: 'POST',
    });
    await client.close();
    expect(await lineOf('/api/broken')).toMatchObject({ status: 400, cause: 'downstream.body.malformed' });
  });

  it('has a line for a client that left inside its head', async () => {
    const client = await connect();
    await client.send('GET /half HTTP/1.1\r\nHos');
    client.reset();
    expect(await lineWith('downstream.head.aborted')).toMatchObject({ msg: 'access', status: 0 });
  });

  it('has a line for a client that left while the upstream was at work', async () => {
    const client = await connect();
    await client.send(requestHead('GET /api/hang/long'));
    await torus.admin('/livez');
    client.reset();
    expect(await lineOf('/api/hang/long')).toMatchObject({
      status: 0,
      cause: 'downstream.wait.aborted',
      route: 'wait',
    });
  });

  it('has a line for a response that the upstream broke off, with the bytes that went out', async () => {
    const client = await connect();
    const response = await client.exchange(requestHead('GET /api/break'));
    expect(response.end).not.toBe('complete');
    await client.close();
    const line = await lineOf('/api/break');
    expect(line).toMatchObject({ status: 200, responseBytes: 4 });
    expect(line['cause']).toMatch(/^upstream\.body\.(closed|reset)$/);
  });

  it('tells the upstream the id that stands in the line', async () => {
    const client = await connect();
    const response = await client.exchange(requestHead('GET /api/id', 'X-Request-Id: chosen-by-stranger'));
    await client.close();
    const { headers } = JSON.parse(response.text()) as { headers: Record<string, string> };
    const line = await lineOf('/api/id');
    expect(headers['x-request-id']).toBe(line['id']);
    expect(line['id']).not.toBe('chosen-by-stranger');
  });

  it('takes the id of a trusted proxy, and its client', async () => {
    const client = await connect('127.0.0.2');
    await client.exchange(
      requestHead('GET /api/trusted', 'X-Request-Id: abc-1', 'X-Forwarded-For: 192.0.2.7'),
    );
    await client.close();
    expect(await lineOf('/api/trusted')).toMatchObject({ id: 'abc-1', client: '192.0.2.7' });
  });

  it('names the TLS listener, and a connection that was used again', async () => {
    const client = await rawClient({ port: torus.port('secure'), tls: { ca: caPem } });
    await client.exchange(requestHead('GET /api/one'));
    await client.exchange(requestHead('GET /api/two'));
    await client.close();
    expect(await lineOf('/api/two')).toMatchObject({ listener: 'secure', reused: true });
  });

  it('holds no query, no cookie, no token, in any line', async () => {
    const secret = 'very-private-value';
    const client = await connect();
    const fields = [
      `Authorization: Bearer ${token({ sub: secret })}`,
      `Cookie: session=${secret}`,
      `X-Api-Key: ${secret}`,
      `Proxy-Authorization: Basic ${secret}`,
      `Referer: http://example.test/?a=${secret}`,
    ];
    await client.exchange(requestHead(`GET /jwt/private?password=${secret}`, ...fields));
    await client.exchange(requestHead(`GET /private-404?password=${secret}`, ...fields));
    await client.exchange(`GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\nCookie: ${secret}\r\n\r\n`);
    await client.close();
    await lineOf('/private-404');
    await lineWith('downstream.head.malformed', 'host');
    const text = JSON.stringify(torus.logs());
    expect(text).not.toContain(secret);
    expect(text).not.toContain('eyJ');
    expect(text).not.toContain('secret=value');
  });

  it('is one line of valid JSON even for a user agent full of quotes and control bytes', async () => {
    const client = await connect();
    await client.exchange(requestHead('GET /api/quotes', 'User-Agent: a"b\\c\td\xff{"msg":"forged"}'));
    await client.close();
    expect((await lineOf('/api/quotes'))['userAgent']).toContain('a"b\\c');
    expect(torus.logs().filter((line) => line['raw'] === true || line.msg === 'forged')).toEqual([]);
  });

  it('says in UTF-8 what came in UTF-8', async () => {
    const client = await connect();
    const agent = Buffer.from('é 日本').toString('latin1');
    await client.exchange(requestHead('GET /api/text', `User-Agent: ${agent}`));
    await client.close();
    expect((await lineOf('/api/text'))['userAgent']).toBe('é 日本');
  });
});
