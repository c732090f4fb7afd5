/** How the end of a body is told, both ways: in one packet, in many, and byte by byte. */
import {
  accessLine,
  rawClient,
  requestHead,
  startTorus,
  testCertificate,
  type LogLine,
} from '../../support/index.js';
import {
  LISTENERS,
  sendBytewise,
  startMessagesFixture,
  writeBytewise,
  type MessagesFixture,
} from './messages-fixture.js';
import { startRecordingUpstream } from '../../support/recording-upstream.js';

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture();
});
afterAll(() => fixture.stop());

const CHUNKED_REQUEST = `${requestHead('POST /upload', 'Transfer-Encoding: chunked', 'Trailer: X-Sum')}5;a="b;c"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 42\r\nContent-Length: 9\r\nAuthorization: no\r\nHost: evil\r\n\r\n`;
const CHUNKED_RESPONSE =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n' +
  '5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 42\r\nSet-Cookie: late=1\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Decodes a chunked body as it stood on the wire. */
const decoded = (wire: string): string => {
  let [rest, body] = [wire, ''];
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/.exec(rest);
    if (line === null) throw new Error(`not a plain chunk-size line: ${JSON.stringify(rest.slice(0, 30))}`);
    const size = parseInt(line[1] ?? '', 16);
    if (size === 0) return body;
    body += rest.slice(line[0].length, line[0].length + size);
    rest = rest.slice(line[0].length + size + 2);
  }
};

describe.each(LISTENERS)('requests on the %s listener', (listener) => {
  it('forwards a Content-Length body sent with its head byte for byte', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(`${requestHead('POST /length', 'Content-Length: 5')}hello`);
    const request = await fixture.upstream.request('/length');
    expect([response.status, request.values('content-length'), request.wire.toString()]).toEqual([
      200,
      ['5'],
      'hello',
    ]);
    expect(request.values('transfer-encoding')).toEqual([]);
  });

  it('forwards a Content-Length body that arrives byte by byte, head and all', async () => {
    const client = await fixture.connect(listener);
    await sendBytewise(client, `${requestHead('PUT /bytewise', 'Content-Length: 11')}hello world`);
    expect((await client.response()).status).toBe(200);
    const request = await fixture.upstream.request('/bytewise');
    expect([request.line, request.values('content-length')]).toEqual(['PUT /bytewise HTTP/1.1', ['11']]);
    expect(request.wire.toString()).toBe('hello world');
  });

  it('frames a chunked body anew in one packet: extensions go, trailers stay, forbidden ones go', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(CHUNKED_REQUEST)).status).toBe(200);
    const request = await fixture.upstream.request('/upload');
    expect(request.values('transfer-encoding')).toEqual(['chunked']);
    expect(request.values('content-length')).toEqual([]);
    expect(request.values('trailer')).toEqual(['X-Sum']);
    expect(request.wire.toString()).toBe('b\r\nhello world\r\n0\r\nX-Sum: 42\r\n\r\n');
  });

  it('frames a chunked body anew that arrives byte by byte', async () => {
    const client = await fixture.connect(listener);
    await sendBytewise(client, CHUNKED_REQUEST.replace('/upload', '/upload-bytes'));
    expect((await client.response()).status).toBe(200);
    const request = await fixture.upstream.request('/upload-bytes');
    const wire = request.wire.toString();
    expect(decoded(wire)).toBe('hello world');
    expect(wire).not.toContain(';');
    expect(wire.endsWith('0\r\nX-Sum: 42\r\n\r\n')).toBe(true);
  });

  it('streams a large body of known length through', async () => {
    const client = await fixture.connect(listener);
    const body = 'abcdefgh'.repeat(64 * 1024);
    await client.send(requestHead('POST /large', `Content-Length: ${String(body.length)}`));
    expect((await client.exchange(body)).status).toBe(200);
    expect((await fixture.upstream.request('/large')).wire.toString() === body).toBe(true);
  });

  it('serves the next request of the connection after each of them', async () => {
    const client = await fixture.connect(listener);
    for (const bytes of [CHUNKED_REQUEST, requestHead('POST /length', 'Content-Length: 0')])
      expect((await client.exchange(bytes)).status).toBe(200);
    await sendBytewise(client, CHUNKED_REQUEST);
    expect((await client.response()).status).toBe(200);
    expect((await client.exchange(requestHead('GET /after'))).text()).toBe('ok');
  });
});

describe.each(LISTENERS)('a fault in a body on the %s listener', (listener) => {
  const faulty = (path: string): string => requestHead(`POST ${path}`, 'Transfer-Encoding: chunked');
  const told = (line: LogLine): object => {
    const { method, host, path, route, status, cause, detail } = line;
    return { method, host, path, route, status, cause, detail };
  };

  it.each([
    ['a chunk size that is no number', 'zz\r\nhello\r\n', 'downstream.body.malformed', 'chunk-size'],
    ['a chunk behind a good one', '5\r\nhello\r\n5\r\nworldX', 'downstream.body.malformed', 'chunk-data-end'],
    ['a trailer', '1\r\nx\r\n0\r\nX Y: z\r\n\r\n', 'downstream.body.malformed', 'trailer-line'],
  ])('is told in the same way with its head and after it: %s', async (title, body, cause, detail) => {
    const paths = ['at-once', 'later'].map((when) => `/${when}/${listener}/${title.replaceAll(' ', '-')}`);
    const [atOnce = '', later = ''] = paths;
    const one = await fixture.connect(listener);
    const answers = [await one.exchange(faulty(atOnce) + body)];
    const other = await fixture.connect(listener);
    await other.send(faulty(later));
    await fixture.upstream.request(later);
    answers.push(await other.exchange(body));
    for (const answer of answers) {
      expect([answer.status, answer.field('connection'), answer.end]).toEqual([400, 'close', 'complete']);
      expect(JSON.parse(answer.text())).toMatchObject({ cause });
    }
    const lines = await Promise.all(paths.map((path) => accessLine(fixture.torus, path)));
    expect(lines.map(told)).toEqual(
      paths.map((path) => ({
        ...{ method: 'POST', host: 'example.test', path, route: 'all' },
        ...{ status: 400, cause, detail },
      })),
    );
    expect(fixture.upstream.requests.some(({ line }) => line.includes(atOnce))).toBe(false);
  });

  it('is not looked at where the head has its answer already', async () => {
    const client = await fixture.connect(listener);
    const answer = await client.exchange(`${requestHead('TRACE /no', 'Transfer-Encoding: chunked')}zz\r\n`);
    expect(answer.status).toBe(501);
  });

  it('ends the connection: what comes behind it is never read as a request', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(`${faulty('/first')}zz\r\n\r\n${requestHead('GET /smuggled')}`);
    expect(response.status).toBe(400);
    await client.ended();
    expect(client.unread).toHaveLength(0);
    expect(fixture.upstream.requests.some(({ line }) => /first|smuggled/.test(line))).toBe(false);
  });
});

describe.each(LISTENERS)('responses on the %s listener', (listener) => {
  it('passes a response of known length on, in one packet and byte by byte', async () => {
    const { upstream } = fixture;
    const bytes = 'HTTP/1.1 201 Made\r\nContent-Length: 11\r\nX-Own: yes\r\n\r\nhello world';
    upstream.reply('/whole', bytes);
    upstream.reply('/bytes', ({ socket }) => writeBytewise(socket, bytes));
    const client = await fixture.connect(listener);
    for (const path of ['/whole', '/bytes']) {
      const response = await client.exchange(requestHead(`GET ${path}`));
      expect([response.status, response.reason, response.framing, response.text()]).toEqual([
        201,
        'Made',
        'length',
        'hello world',
      ]);
      expect([response.field('content-length'), response.field('x-own')]).toEqual(['11', 'yes']);
      expect(response.field('connection')).toBeUndefined();
    }
  });

  it('frames a chunked response anew and forwards its trailers, in one packet and byte by byte', async () => {
    const { upstream } = fixture;
    upstream.reply('/chunked', CHUNKED_RESPONSE);
    upstream.reply('/chunked-bytes', ({ socket }) => writeBytewise(socket, CHUNKED_RESPONSE));
    const client = await fixture.connect(listener);
    for (const path of ['/chunked', '/chunked-bytes', '/chunked']) {
      await client.send(requestHead(`GET ${path}`));
      const wire = (await client.readUntil('X-Sum: 42\r\n\r\n')).toString('latin1');
      const [head = '', ...body] = wire.split('\r\n\r\n');
      expect(head.toLowerCase()).toContain('\r\ntransfer-encoding: chunked');
      expect(head).toContain('\r\nTrailer: X-Sum');
      expect(head.toLowerCase()).not.toContain('content-length');
      expect(decoded(body.join('\r\n\r\n'))).toBe('hello world');
      expect(wire).not.toMatch(/ext=1|late=1/);
    }
    expect(client.unread).toHaveLength(0);
  });

  it('turns a body that ends with the connection into a chunked one, and keeps the client connection', async () => {
    fixture.upstream.reply('/until-close', ({ socket }) => {
      socket.end('HTTP/1.0 200 OK\r\nX-Old: 1\r\n\r\nall of it');
    });
    const client = await fixture.connect(listener);
    const response = await client.exchange(requestHead('GET /until-close'));
    expect([response.framing, response.text(), response.end]).toEqual(['chunked', 'all of it', 'complete']);
    expect((await client.exchange(requestHead('GET /next'))).status).toBe(200);
  });

  it('lets such a body end with the connection for a client of HTTP/1.0', async () => {
    fixture.upstream.reply('/until-close-too', ({ socket }) => {
      socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
    });
    const client = await fixture.connect(listener);
    const response = await client.exchange('GET /until-close-too HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect([response.framing, response.text(), response.end]).toEqual(['close', 'all of it', 'complete']);
    expect([response.field('connection'), response.field('transfer-encoding')]).toEqual(['close', undefined]);
    expect(await client.ended()).toBe('fin');
  });

  it('answers HEAD with the length a GET would get, without a body, and without one where none was told', async () => {
    const { upstream } = fixture;
    upstream.reply('/head', 'HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: "e"\r\n\r\n');
    upstream.reply('/head-bare', 'HTTP/1.1 200 OK\r\n\r\n');
    upstream.reply('/head-chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const client = await fixture.connect(listener);
    const lengths = [];
    for (const path of ['/head', '/head-bare', '/head-chunked']) {
      const response = await client.exchange(requestHead(`HEAD ${path}`), { method: 'HEAD' });
      lengths.push([response.status, response.field('content-length')]);
    }
    expect(lengths).toEqual([
      [200, '12345'],
      [200, undefined],
      [200, undefined],
    ]);
    expect((await client.exchange(requestHead('GET /after-head'))).text()).toBe('ok');
  });

  it('cleans 204 and 304 of what would announce a body', async () => {
    const { upstream } = fixture;
    upstream.reply('/204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    upstream.reply('/204-length', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
    upstream.reply('/304', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nETag: "e"\r\n\r\n');
    const client = await fixture.connect(listener);
    for (const [path, status] of [
      ['/204', 204],
      ['/204-length', 204],
      ['/304', 304],
    ] as const) {
      const response = await client.exchange(requestHead(`GET ${path}`));
      expect([
        response.status,
        response.field('transfer-encoding'),
        response.field('content-length'),
      ]).toEqual([status, undefined, undefined]);
    }
    expect((await client.exchange(requestHead('GET /after-204'))).text()).toBe('ok');
  });

  it('adds Date where the upstream sent none, and leaves one that it sent', async () => {
    const { upstream } = fixture;
    const own = 'Tue, 15 Nov 1994 08:12:31 GMT';
    upstream.reply('/dated', `HTTP/1.1 200 OK\r\nDate: ${own}\r\nContent-Length: 0\r\n\r\n`);
    const client = await fixture.connect(listener);
    const dated = await client.exchange(requestHead('GET /dated'));
    expect(dated.fields.filter(([name]) => name.toLowerCase() === 'date')).toEqual([['Date', own]]);
    const undated = await client.exchange(requestHead('GET /undated'));
    expect(Math.abs(Date.parse(undated.field('date') ?? '') - Date.now())).toBeLessThan(5_000);
  });
});

describe('a chunked response whose last line break comes late', () => {
  it('is complete only with it, and the upstream connection stays usable', async () => {
    const { upstream } = fixture;
    upstream.reply('/late-end', async ({ socket }) => {
      // Each piece is read into the same buffer: what an earlier one left behind must not be read as part of the next.
      for (const piece of [
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        '001\r\nx\r\n',
        '0\r\n\r',
        '\n',
      ]) {
        socket.write(piece, 'latin1');
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    });
    const client = await fixture.connect();
    const first = await client.exchange(requestHead('GET /late-end'));
    expect([first.text(), first.end]).toEqual(['x', 'complete']);
    const second = await client.exchange(requestHead('GET /late-end?again'));
    expect([second.status, second.text()]).toEqual([200, 'x']);
    const connections = upstream.requests
      .filter(({ line }) => line.includes('/late-end'))
      .map(({ connection }) => connection);
    expect(new Set(connections).size).toBe(1);
  });
});

describe('a TLS upstream', () => {
  it('gets and gives the same messages', async () => {
    const certificate = await testCertificate();
    const upstream = await startRecordingUpstream({ tls: certificate });
    upstream.reply('/chunked', CHUNKED_RESPONSE);
    upstream.reply('/bytes', ({ socket }) => writeBytewise(socket, CHUNKED_RESPONSE));
    const torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { secure: { endpoints: [upstream.url], tls: { ca: certificate.caFile } } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'secure' }],
      },
    });
    const client = await rawClient({ port: torus.port() });
    for (const path of ['/chunked', '/bytes']) {
      const response = await client.exchange(requestHead(`GET ${path}`));
      expect([response.text(), response.trailers]).toEqual(['hello world', [['X-Sum', '42']]]);
    }
    expect((await client.exchange(CHUNKED_REQUEST)).status).toBe(200);
    expect((await upstream.request('/upload')).wire.toString()).toContain('X-Sum: 42');
    await client.close();
    await torus.stop();
    await upstream.close();
  });
});
