/** HTTP/2 clients of several makes before an HTTP/1.1 upstream: each request and response says the same on both sides. */
import { execFile } from 'node:child_process';
import type { IncomingHttpHeaders } from 'node:http2';
import { promisify } from 'node:util';
import {
  accessLine,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  hpack,
  http2Ask,
  rawClient,
  requestFields,
  requestHead,
  startHttpUpstream,
  type Http2Answer,
  type LogLine,
  type TestUpstream,
} from '../../support/index.js';
import { startHttp2Fixture, type Http2Fixture } from './http2-fixture.js';

const MIB = 2 ** 20;
const run = promisify(execFile);

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: number;
  readonly trailers: IncomingHttpHeaders;
}

const upstreamOf = (): Promise<TestUpstream> =>
  startHttpUpstream(async (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/hints') response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    let bytes = 0;
    for await (const piece of request) bytes += (piece as Buffer).length;
    switch (path) {
      case '/204':
      case '/304':
        response.writeHead(Number(path.slice(1)), { etag: '"e"' }).end();
        return;
      case '/large':
        response.writeHead(200, { 'content-length': 20 * MIB }).end(Buffer.alloc(20 * MIB, 'x'));
        return;
      case '/trailers':
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('some');
        response.addTrailers({ 'x-sum': '42', 'content-type': 'late' });
        response.end();
        return;
      case '/fields':
        response.writeHead(200, [
          ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Two', '1', 'X-Two', '2'],
          ...['Connection', 'X-Hop', 'X-Hop', 'x', 'Keep-Alive', 'timeout=5', 'Proxy-Connection', 'x'],
          ...['ETag', '1', 'ETag', '2'],
        ]);
        response.end('fields');
        return;
      default: {
        const { method, url, headers, trailers } = request;
        response.end(JSON.stringify({ method, url, headers, bytes, trailers }));
      }
    }
  });

let fixture: Http2Fixture;
beforeAll(async () => {
  fixture = await startHttp2Fixture(await upstreamOf());
});
afterAll(() => fixture.stop());

const seen = (answer: Http2Answer): Seen => JSON.parse(answer.text()) as Seen;

const curl = async (...args: readonly string[]): Promise<string> =>
  (await run('curl', ['--silent', '--insecure', '--max-time', '10', ...args])).stdout;

describe('the protocol is chosen', () => {
  it('by ALPN on a TLS listener', async () => {
    const url = fixture.torus.url('secure');
    const version = ['--output', '/dev/null', '--write-out', '%{http_version}'];
    expect(await curl('--http2', ...version, url)).toBe('2');
    expect(await curl('--http1.1', ...version, url)).toBe('1.1');
    expect(await curl('--no-alpn', ...version, url)).toBe('1.1');
  });

  it('by the preface on a plain listener, however it is cut', async () => {
    const url = fixture.torus.url('plain');
    expect(await curl('--http2-prior-knowledge', '--write-out', ' %{http_version}', url)).toMatch(/ 2$/);
    const client = await fixture.frames({ port: fixture.torus.port('plain'), tls: false, preface: false });
    for (const byte of Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')) {
      await client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.send(
      frame(FRAME.settings),
      frame(FRAME.headers, END_HEADERS | END_STREAM, 1, hpack(requestFields())),
    );
    expect((await client.frame(FRAME.data, 1)).payload.toString()).toContain('"method":"GET"');
  });

  it.each(['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'])(
    'a plain listener that speaks both answers %j byte by byte in HTTP/1.1',
    async (request) => {
      const client = await rawClient({ port: fixture.torus.port('plain') });
      for (const byte of request) await client.send(byte);
      expect((await client.response()).status).toBe(200);
      await client.close();
    },
  );

  it('an upgrade to h2c is served as if nobody had asked', async () => {
    const client = await rawClient({ port: fixture.torus.port('plain') });
    const upgrade = [
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ];
    expect((await client.exchange(requestHead('GET /', ...upgrade))).status).toBe(200);
    await client.close();
  });
});

describe.each(['secure', 'plain'] as const)('%s', (listener) => {
  const ask = async (
    headers: Readonly<Record<string, string | string[]>>,
    body?: string | Buffer,
    trailers?: Readonly<Record<string, string>>,
  ): Promise<Http2Answer> => http2Ask(await fixture.session(listener), headers, body, trailers);

  it('the upstream sees one HTTP/1.1 request, with cookies joined and nothing of the connection', async () => {
    const answer = await ask({
      ':path': '/a/../b?c=d',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
      'x-forwarded-for': '6.6.6.6',
      'x-request-id': 'mine',
      'x-a': '1',
    });
    const { method, url, headers } = seen(answer);
    expect([answer.status, method, url]).toEqual([200, 'GET', '/b?c=d']);
    const host = new URL(fixture.torus.url(listener)).host;
    expect(headers).toMatchObject({
      host,
      cookie: 'a=1; b=2',
      via: '2 torus',
      'x-a': '1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': host,
      'x-forwarded-proto': listener === 'secure' ? 'https' : 'http',
    });
    expect(headers['x-request-id']).not.toBe('mine');
    for (const name of ['te', 'transfer-encoding', 'content-length'])
      expect(headers).not.toHaveProperty(name);
    const { httpVersion, cause } = await accessLine(fixture.torus, '/b');
    expect([httpVersion, cause]).toEqual(['2', 'ok']);
  });

  it.each([
    ['with its length', { 'content-length': '5' }, '5', undefined],
    ['without a length', {}, undefined, 'chunked'],
  ])('a body %s is framed so for the upstream', async (_title, fields, length, coding) => {
    const { bytes, headers } = seen(await ask({ ':path': '/', ...fields }, 'hello'));
    expect([bytes, headers['content-length'], headers['transfer-encoding']]).toEqual([5, length, coding]);
  });

  it('an empty body keeps its length', async () => {
    const { bytes, headers } = seen(await ask({ ':path': '/', ':method': 'POST', 'content-length': '0' }));
    expect([bytes, headers['content-length']]).toEqual([0, '0']);
  });

  it('large bodies pass both ways', async () => {
    expect(seen(await ask({ ':path': '/' }, Buffer.alloc(20 * MIB)))).toMatchObject({ bytes: 20 * MIB });
    const answer = await ask({ ':path': '/large' });
    expect([answer.body.length, answer.headers['content-length']]).toEqual([20 * MIB, String(20 * MIB)]);
    expect((await accessLine(fixture.torus, '/large'))['responseBytes']).toBe(20 * MIB);
  });

  it('trailers pass both ways, without what must not come late', async () => {
    const { trailers } = seen(await ask({ ':path': '/' }, 'body', { 'x-late': '1', 'content-type': 'x' }));
    expect(trailers).toEqual({ 'x-late': '1' });
    const answer = await ask({ ':path': '/trailers' });
    expect([answer.text(), answer.headers.trailer, Object.entries(answer.trailers ?? {})]).toEqual([
      'some',
      'x-sum',
      [['x-sum', '42']],
    ]);
  });

  it.each(['/204', '/304'])('%s has no body and no length', async (path) => {
    const answer = await ask({ ':path': path });
    expect([answer.status, answer.body.length, answer.rstCode]).toEqual([Number(path.slice(1)), 0, 0]);
    expect(answer.headers).toHaveProperty('etag', '"e"');
    expect(answer.headers).not.toHaveProperty('content-length');
  });

  it('HEAD says the length and brings no body, of the upstream and of Torus itself', async () => {
    const large = await ask({ ':path': '/large', ':method': 'HEAD' });
    expect([large.status, large.headers['content-length'], large.body.length]).toEqual([
      200,
      String(20 * MIB),
      0,
    ]);
    const refused = await ask({ ':path': '/%2e%2e/a', ':method': 'HEAD' });
    expect([refused.status, refused.body.length, refused.rstCode]).toEqual([400, 0, 0]);
  });

  it('interim responses pass', async () => {
    const hints = await ask({ ':path': '/hints' });
    expect([hints.interim, hints.status]).toEqual([[103], 200]);
    const expecting = await ask({ ':path': '/', expect: '100-continue', 'content-length': '2' }, 'ok');
    expect([expecting.interim, seen(expecting).bytes]).toEqual([[100], 2]);
  });

  it('fields of a response keep their values, and nothing of the upstream connection passes', async () => {
    const { headers } = await ask({ ':path': '/fields' });
    expect(headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-two': '1, 2', etag: '1, 2' });
    for (const name of ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'x-hop'])
      expect(headers).not.toHaveProperty(name);
  });

  it.each([
    ['an ambiguous path', { ':path': '/%2e%2e/a' }, 400, 'downstream.route.ambiguous-path'],
    ['a path that is too long', { ':path': `/${'a'.repeat(8192)}` }, 414, 'downstream.head.target-too-long'],
    [
      'a head that is too large',
      { ':path': '/', 'x-a': 'a'.repeat(16_384) },
      431,
      'downstream.head.too-large',
    ],
    [
      'another Host',
      { ':path': '/', ':authority': 'localhost', host: 'other.test' },
      400,
      'downstream.head.malformed',
    ],
    ['TRACE', { ':path': '/', ':method': 'TRACE' }, 501, 'downstream.head.method-unsupported'],
    ['an expectation', { ':path': '/', expect: 'tea' }, 417, 'downstream.head.expectation-unsupported'],
  ])('%s is answered on its stream, and the connection goes on', async (_title, headers, status, cause) => {
    const session = await fixture.session(listener);
    const refused = await http2Ask(session, headers);
    expect([refused.status, refused.headers['content-type'], refused.rstCode]).toEqual([
      status,
      'application/problem+json',
      0,
    ]);
    expect(JSON.parse(refused.text())).toMatchObject({ cause });
    expect((await http2Ask(session, { ':path': '/' })).status).toBe(200);
    const line = await whenLogged(cause);
    if (cause === 'downstream.route.ambiguous-path')
      expect(line).toMatchObject({ path: '/%2e%2e/a', httpVersion: '2' });
    else expect(line).not.toHaveProperty('path');
  });

  it('more fields than allowed are answered 431', async () => {
    const fields = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${String(index)}`, '1']));
    expect((await ask({ ':path': '/', ...fields })).status).toBe(431);
  });

  it('a head beyond what is read at all is reset, and the connection goes on', async () => {
    const session = await fixture.session(listener);
    // Only what it has heard of binds a client: before, this would be answered 431.
    await http2Ask(session, { ':path': '/' });
    const refused = await http2Ask(session, { ':path': '/', 'x-a': 'a'.repeat(40_000) });
    expect([refused.status, refused.rstCode]).toEqual([0, 11]);
    expect((await http2Ask(session, { ':path': '/' })).status).toBe(200);
  });
});

const whenLogged = (cause: string): Promise<LogLine> =>
  fixture.torus.waitForLog((line) => line.msg === 'access' && line['cause'] === cause);

describe('a connection is for the hosts of its certificate', () => {
  it.each([
    ['the name that was asked for', 'localhost', 200],
    ['another name of the certificate', 'a.example.test', 200],
    ['another name', 'other.test', 421],
  ])('%s', async (_title, host, status) => {
    const session = await fixture.session('secure');
    const answer = await http2Ask(session, { ':path': '/', ':authority': host });
    expect(answer.status).toBe(status);
    if (status !== 421) return;
    expect(JSON.parse(answer.text())).toMatchObject({ cause: 'downstream.head.misdirected' });
    expect(await whenLogged('downstream.head.misdirected')).toMatchObject({ host: 'other.test', path: '/' });
  });

  it('unless the client named none', async () => {
    const url = `https://127.0.0.1:${String(fixture.torus.port('secure'))}/`;
    const status = ['--output', '/dev/null', '--write-out', '%{http_code}'];
    expect(await curl('--http2', ...status, '--header', 'Host: other.test', url)).toBe('200');
  });
});

it('nothing is left open', async () => {
  await fixture.comeToRest();
});
