/** Messages between clients of both protocols and upstreams of HTTP/2: over TLS by ALPN, by prior knowledge, and by choice. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import {
  startHttp2Upstream,
  startHttpUpstream,
  testCertificate,
  until,
  type Http2Upstream,
  type TestUpstream,
} from '../../support/index.js';
import { CLIENTS, startGateway, type Client, type Gateway } from './gateway.js';

type Upstream = 'secure' | 'cleartext' | 'chosen';
const UPSTREAMS: readonly Upstream[] = ['secure', 'cleartext', 'chosen'];
const PAIRS = CLIENTS.flatMap((client) => UPSTREAMS.map((upstream) => [client, upstream] as const));

let received: { readonly headers: IncomingHttpHeaders } | undefined;
const BIG = Buffer.alloc(3 * 1024 * 1024, 'torus is a gateway; ');
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const collect = (stream: ServerHttp2Stream, then: (body: Buffer) => void): void => {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => then(Buffer.concat(pieces)));
};

const withTrailers = (stream: ServerHttp2Stream, trailers: object): ServerHttp2Stream => {
  stream.on('wantTrailers', () => stream.sendTrailers(trailers as Record<string, string>));
  return stream;
};

const PATHS: Readonly<Record<string, (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void>> = {
  '/hello': (stream) => {
    stream.respond({
      ':status': 200,
      'content-length': 5,
      'x-two': ['a', 'b'],
      'set-cookie': ['a=1', 'b=2'],
    });
    stream.end('hello');
  },
  '/unknown-length': (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('first');
    setImmediate(() => stream.end('second'));
  },
  '/empty': (stream) => stream.respond({ ':status': 200 }, { endStream: true }),
  '/no-content': (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
  '/unmodified': (stream) => stream.respond({ ':status': 304, etag: '"1"' }, { endStream: true }),
  '/late-end': (stream) => {
    stream.respond({ ':status': 304, etag: '"2"' });
    stream.end();
  },
  '/echo': (stream) =>
    collect(stream, (body) => {
      stream.respond({ ':status': 200, 'content-length': body.length });
      stream.end(body);
    }),
  '/digest': (stream) =>
    collect(stream, (body) => {
      stream.respond({ ':status': 200 });
      stream.end(`${String(body.length)} ${digest(body)}`);
    }),
  '/big': (stream) => {
    stream.respond({ ':status': 200, 'content-length': BIG.length });
    stream.end(BIG);
  },
  '/trailers': (stream) => {
    withTrailers(stream, { 'x-sum': 'abc', authorization: 'late' });
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.end('with trailers');
  },
  '/announced-trailers': (stream) => {
    withTrailers(stream, { 'x-sum': 'abc' });
    stream.respond({ ':status': 200, 'content-length': 4, trailer: 'x-sum' }, { waitForTrailers: true });
    stream.end('four');
  },
  '/request-trailers': (stream) => {
    let sum: unknown = 'none';
    stream.on('trailers', (fields: IncomingHttpHeaders) => (sum = fields['x-sum']));
    collect(stream, (body) => {
      stream.respond({ ':status': 200 });
      stream.end(`${body.toString()} ${String(sum)}`);
    });
  },
  '/hints': (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
    setImmediate(() => PATHS['/hello']!(stream, {}));
  },
  '/early': (stream) => {
    // Answered in full before the request was.
    stream.respond({ ':status': 403, 'content-length': 2 });
    stream.end('no');
  },
  '/teapot': (stream) => {
    stream.respond({ ':status': 418 });
    stream.end('short and stout');
  },
};

let upstreams: readonly Http2Upstream[];
let h1: TestUpstream;
let gateway: Gateway;

beforeAll(async () => {
  const certificate = await testCertificate();
  const handle = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    received = { headers };
    const path = (headers[':path'] ?? '').split('?')[0]!;
    (PATHS[path] ?? PATHS['/hello']!)(stream, headers);
  };
  const secure = await startHttp2Upstream(handle, { tls: certificate });
  const cleartext = await startHttp2Upstream(handle);
  const both = await startHttp2Upstream(handle, { tls: certificate, allowHttp1: true });
  upstreams = [secure, cleartext, both];
  h1 = await startHttpUpstream(undefined, { tls: certificate });
  const tls = { ca: certificate.caFile };
  gateway = await startGateway({
    upstreams: {
      secure: { endpoints: [secure.url], protocol: 'http2', tls },
      cleartext: { endpoints: [cleartext.url], protocol: 'http2' },
      chosen: { endpoints: [both.url], protocol: 'auto', tls },
      old: { endpoints: [h1.url], protocol: 'auto', tls },
      named: { endpoints: [cleartext.url], protocol: 'h2c' },
    },
    config: {},
  });
});

afterAll(async () => {
  await gateway.stop();
  await Promise.all([...upstreams, h1].map((upstream) => upstream.close()));
});

describe.each(PAIRS)('%s clients, %s upstream', (client: Client, upstream: Upstream) => {
  const ask = (path: string, request = {}) => gateway.ask(client, `/${upstream}${path}`, request);

  it('gets a response with its length and all its fields', async () => {
    const answer = await ask('/hello?a=1');
    expect([answer.status, answer.body.toString(), answer.complete]).toEqual([200, 'hello', true]);
    expect(answer.field('content-length')).toBe('5');
    expect(received?.headers[':path']).toBe('/hello?a=1');
  });

  it('gets a response whose length nobody knew', async () => {
    const answer = await ask('/unknown-length');
    expect([answer.body.toString(), answer.complete]).toEqual(['firstsecond', true]);
  });

  it.each([
    ['/empty', 200],
    ['/no-content', 204],
    ['/unmodified', 304],
    ['/late-end', 304],
  ])('gets %s without a body', async (path, status) => {
    const answer = await ask(path);
    expect([answer.status, answer.body.length, answer.complete]).toEqual([status, 0, true]);
  });

  it('gets the head of what a GET would get', async () => {
    const answer = await ask('/hello', { method: 'HEAD' });
    expect([answer.status, answer.field('content-length'), answer.body.length]).toEqual([200, '5', 0]);
  });

  it('sends a body and gets it back', async () => {
    const answer = await ask('/echo', { body: Buffer.from('hello') });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'hello']);
    expect(received?.headers['content-length']).toBe(client === 'http1' ? '5' : undefined);
  });

  it('sends and gets three megabytes each way', async () => {
    const sent = await ask('/digest', { body: BIG });
    expect(sent.body.toString()).toBe(`${String(BIG.length)} ${digest(BIG)}`);
    const got = await ask('/big');
    expect([got.complete, digest(got.body)]).toEqual([true, digest(BIG)]);
  });

  it('gets trailers, but none that mean something else when they come late', async () => {
    const answer = await ask('/trailers');
    expect([answer.body.toString(), answer.complete]).toEqual(['with trailers', true]);
    expect(answer.trailers).toEqual({ 'x-sum': 'abc' });
  });

  it('gets trailers that were announced beside a length', async () => {
    const answer = await ask('/announced-trailers');
    expect([answer.body.toString(), answer.trailers]).toEqual(['four', { 'x-sum': 'abc' }]);
  });

  it('sends trailers', async () => {
    const answer = await ask('/request-trailers', {
      body: Buffer.from('sum'),
      trailers: { 'x-sum': 'of-sent' },
    });
    expect(answer.body.toString()).toBe('sum of-sent');
  });

  it('gets early hints', async () => {
    const answer = await ask('/hints');
    expect([answer.interim, answer.status]).toEqual([[103], 200]);
  });

  it('gets an answer that came before the request was complete', async () => {
    const answer = await ask('/early', { body: BIG });
    expect([answer.status, answer.body.toString()]).toEqual([403, 'no']);
    const after = await ask('/hello');
    expect(after.body.toString()).toBe('hello');
  });
});

describe('what an HTTP/2 upstream is sent', () => {
  it.each(CLIENTS)('is the client of %s in fields that fit the protocol', async (client) => {
    const fields = {
      'x-own': 'yes',
      cookie: 'a=1; b=2',
      'x-forwarded-for': '192.0.2.9',
      'proxy-authorization': 'x',
    };
    await gateway.ask(client, '/secure/hello', { fields });
    const { headers } = received!;
    expect(headers[':authority']).toBe('example.test');
    expect(headers[':scheme']).toBe('https');
    expect(headers).toMatchObject({ 'x-own': 'yes', cookie: 'a=1; b=2', 'x-forwarded-for': '127.0.0.1' });
    expect(headers['x-request-id']).toMatch(/./);
    for (const name of ['host', 'connection', 'proxy-authorization', 'transfer-encoding', 'te'])
      expect(headers[name]).toBeUndefined();
  });

  it('is nothing that HTTP/1.1 meant for one connection', async () => {
    await gateway.ask('http1', '/cleartext/hello', {
      fields: {
        connection: 'x-hop, te',
        'x-hop': '1',
        te: 'trailers',
        'keep-alive': 'timeout=5',
        upgrade: 'h2c',
      },
    });
    for (const name of ['x-hop', 'te', 'keep-alive', 'upgrade', 'connection'])
      expect(received!.headers[name]).toBeUndefined();
  });

  it('is TE where it says that trailers are welcome', async () => {
    await gateway.ask('http2', '/cleartext/hello', { fields: { te: 'trailers' } });
    expect(received!.headers['te']).toBe('trailers');
    expect(received!.headers[':scheme']).toBe('http');
  });

  it('is two cookie fields of HTTP/1.1 as one cookie', async () => {
    const client = await gateway.connect();
    await client.exchange('GET /cleartext/hello HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n');
    expect(received!.headers.cookie).toBe('a=1; b=2');
  });
});

it('sends many exchanges over one connection', async () => {
  const [, cleartext] = upstreams;
  const before = cleartext!.acceptedSockets;
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => gateway.ask('http1', '/cleartext/hello')),
  );
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(cleartext!.acceptedSockets - before).toBeLessThanOrEqual(1);
  expect(cleartext!.openSockets).toBe(1);
});

it('speaks HTTP/1.1 with an endpoint that prefers it, and shakes hands for it once', async () => {
  for (const client of CLIENTS) {
    const answer = await gateway.ask(client, '/old/hello');
    expect([answer.status, answer.complete]).toEqual([200, true]);
  }
  // The connection that was asked on, and the one that served.
  expect(h1.acceptedSockets).toBe(2);
  await until(() => h1.openSockets === 1);
});

it('speaks HTTP/2 with an endpoint that offers both', () => {
  expect(upstreams[2]!.streams).toBeGreaterThan(0);
});

it('reads the short names of protocols', async () => {
  expect((await gateway.ask('http1', '/named/hello')).status).toBe(200);
});
