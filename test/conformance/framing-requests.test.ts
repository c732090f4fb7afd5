/** Where a request ends: Content-Length, chunked, and everything that only looks like them. */
import { requestHead, until } from '../support/index.js';
import {
  LISTENERS,
  probe,
  refusal,
  startConformanceFixture,
  type ConformanceFixture,
} from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const HIDDEN = requestHead('GET /hidden');
const CHUNKED = 'Transfer-Encoding: chunked';
const chunked = (body: string, ...fields: readonly string[]): string =>
  `${probe('POST', CHUNKED, ...fields)}${body}`;

describe.each(LISTENERS)('%s listener', (listener) => {
  const refused = async (bytes: string, status = 400): Promise<void> => {
    expect(await fixture.judge(listener, bytes)).toEqual(refusal(status));
  };

  it('RFC 9112 section 6: a request without Content-Length and Transfer-Encoding has no body', async () => {
    const client = await fixture.connect(listener);
    await client.send(`${probe('POST')}${requestHead('GET /second')}`);
    expect([(await client.response()).status, (await client.response()).status]).toEqual([200, 200]);
    const [first, second] = fixture.upstream.requests.slice(-2);
    expect([first?.line, first?.wire.length, second?.line]).toEqual([
      'POST /probe HTTP/1.1',
      0,
      'GET /second HTTP/1.1',
    ]);
  });

  it.each(['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])(
    'RFC 9112 section 6: the framing of %s with a body is read whatever the method means',
    async (method) => {
      const long = await fixture.forward(listener, `${probe(method, 'Content-Length: 5')}hello`);
      expect([long.values('content-length'), long.wire.toString()]).toEqual([['5'], 'hello']);
      const parts = await fixture.forward(listener, `${probe(method, CHUNKED)}5\r\nhello\r\n0\r\n\r\n`);
      expect([parts.values('transfer-encoding'), parts.wire.toString()]).toEqual([
        ['chunked'],
        '5\r\nhello\r\n0\r\n\r\n',
      ]);
    },
  );

  it.each([
    ['Content-Length first', ['Content-Length: 5', CHUNKED]],
    ['Transfer-Encoding first', [CHUNKED, 'Content-Length: 5']],
    ['a Content-Length of 0', ['Content-Length: 0', CHUNKED]],
    ['a Content-Length that is none', ['Content-Length: x', CHUNKED]],
    ['an unknown coding', ['Content-Length: 5', 'Transfer-Encoding: x']],
    ['an empty Transfer-Encoding', ['Content-Length: 5', 'Transfer-Encoding:']],
    ['names in capitals', ['CONTENT-LENGTH: 5', 'TRANSFER-ENCODING: CHUNKED']],
  ])(
    'RFC 9112 section 6.3: a message with both Transfer-Encoding and Content-Length is refused (%s)',
    (_title, fields) => refused(`${probe('POST', ...fields)}0\r\n\r\n${HIDDEN}`),
  );

  it('RFC 9112 section 6.1: a transfer coding before chunked that nobody here knows is answered 501', () =>
    refused(`${probe('POST', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`, 501));

  it.each([
    ['gzip alone', ['Transfer-Encoding: gzip']],
    ['identity', ['Transfer-Encoding: identity']],
    ['gzip after chunked', ['Transfer-Encoding: chunked, gzip']],
    ['chunked in quotes', ['Transfer-Encoding: "chunked"']],
    ['a longer word', ['Transfer-Encoding: xchunked']],
    ['a trailing byte', ['Transfer-Encoding: chunked\x0b']],
    ['obs-text', ['Transfer-Encoding: chunked\xa0']],
    ['nothing', ['Transfer-Encoding:']],
    ['a comma', ['Transfer-Encoding: ,']],
    ['a second field with another coding', [CHUNKED, 'Transfer-Encoding: identity']],
  ])(
    'RFC 9112 section 6.3: Transfer-Encoding whose final coding is not chunked is refused (%s)',
    (_title, fields) => refused(`${probe('POST', ...fields)}0\r\n\r\n${HIDDEN}`),
  );

  it.each([
    ['twice in a list', ['Transfer-Encoding: chunked, chunked']],
    ['in two fields', [CHUNKED, CHUNKED]],
    ['with a parameter', ['Transfer-Encoding: chunked;q=1']],
    ['after an empty member', ['Transfer-Encoding: , chunked']],
  ])('RFC 9112 section 7.1: chunked %s is refused', (_title, fields) =>
    refused(`${probe('POST', ...fields)}0\r\n\r\n${HIDDEN}`),
  );

  it('RFC 9112 section 6.1: Transfer-Encoding in an HTTP/1.0 request is refused', () =>
    refused(`POST /probe HTTP/1.0\r\nHost: example.test\r\n${CHUNKED}\r\n\r\n0\r\n\r\n${HIDDEN}`));

  it.each([
    ['two that differ', ['Content-Length: 5', 'Content-Length: 6']],
    ['two that agree', ['Content-Length: 5', 'Content-Length: 5']],
    ['a list that agrees', ['Content-Length: 5, 5']],
    ['a list that differs', ['Content-Length: 5, 6']],
    ['a sign', ['Content-Length: +5']],
    ['a negative number', ['Content-Length: -5']],
    ['a fraction', ['Content-Length: 5.0']],
    ['an exponent', ['Content-Length: 5e0']],
    ['hex', ['Content-Length: 0x5']],
    ['a space inside', ['Content-Length: 5 5']],
    ['an underscore', ['Content-Length: 5_0']],
    ['letters', ['Content-Length: five']],
    ['nothing', ['Content-Length:']],
    ['a number past 2^53', ['Content-Length: 9007199254740993']],
    ['a number past 2^64', ['Content-Length: 18446744073709551621']],
    ['digits of another script', ['Content-Length: \xd9\xa5']],
    ['a NUL', ['Content-Length: 5\0']],
    ['a vertical tab', ['Content-Length: \x0b5']],
  ])('RFC 9112 section 6.3: an invalid Content-Length is refused (%s)', (_title, fields) =>
    refused(`${probe('POST', ...fields)}hello${HIDDEN}`),
  );

  it('RFC 9112 section 6.2: a Content-Length with leading zeros is forwarded as the number that it is', async () => {
    const request = await fixture.forward(listener, `${probe('POST', 'Content-Length: 005')}hello`);
    expect([request.values('content-length'), request.wire.toString()]).toEqual([['5'], 'hello']);
  });

  it('RFC 9112 section 6.2: bytes past the Content-Length are the next request', async () => {
    const client = await fixture.connect(listener);
    await client.send(`${probe('POST', 'Content-Length: 5')}hello${requestHead('GET /second')}`);
    expect([(await client.response()).status, (await client.response()).status]).toEqual([200, 200]);
    expect(fixture.upstream.requests.at(-1)?.line).toBe('GET /second HTTP/1.1');
  });

  it.each([
    ['upper-case hex', 'A\r\n0123456789\r\n0\r\n\r\n'],
    ['lower-case hex', 'a\r\n0123456789\r\n0\r\n\r\n'],
    ['leading zeros', '00a\r\n0123456789\r\n000\r\n\r\n'],
    ['several chunks', '3\r\n012\r\n7\r\n3456789\r\n0\r\n\r\n'],
    ['a chunk that looks like the end', 'a\r\n0123456789\r\n0\r\n\r\n'],
  ])('RFC 9112 section 7.1: a chunked body with %s is decoded', async (_title, body) => {
    const request = await fixture.forward(listener, chunked(body));
    expect(request.wire.toString()).toBe('a\r\n0123456789\r\n0\r\n\r\n');
  });

  it.each([
    ['no size', '\r\nhello\r\n0\r\n\r\n'],
    ['a size that is no hex', 'g\r\nhello\r\n0\r\n\r\n'],
    ['a 0x before the size', '0x5\r\nhello\r\n0\r\n\r\n'],
    ['a sign before the size', '+5\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['an underscore in the size', '0_5\r\nhello\r\n0\r\n\r\n'],
    ['a space before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['a space after the size', '5 \r\nhello\r\n0\r\n\r\n'],
    ['a tab after the size', '5\t\r\nhello\r\n0\r\n\r\n'],
    ['a size past 2^53', '20000000000001\r\nhello\r\n0\r\n\r\n'],
    ['a size past 2^64', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['a size of many zeros', `${'0'.repeat(40)}5\r\nhello\r\n0\r\n\r\n`],
    ['a bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
    ['a bare CR after the size', '5\rhello\r\n0\r\n\r\n'],
    ['two CR after the size', '5\r\r\nhello\r\n0\r\n\r\n'],
    ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
    ['a bare CR after the data', '5\r\nhello\r0\r\n\r\n'],
    ['nothing after the data', '5\r\nhello0\r\n\r\n'],
    ['data longer than the size', '5\r\nhello!\r\n0\r\n\r\n'],
    ['data shorter than the size', '6\r\nhello\r\n0\r\n\r\n'],
    ['a bare LF in the last chunk', '5\r\nhello\r\n0\n\r\n'],
    ['a bare LF at the end', '5\r\nhello\r\n0\r\n\n'],
    ['a NUL in the size', '5\0\r\nhello\r\n0\r\n\r\n'],
  ])('RFC 9112 section 7.1: a chunked body with %s is refused', (_title, body) =>
    refused(chunked(body) + HIDDEN),
  );

  it.each([
    ['a name', '5;a\r\nhello\r\n0\r\n\r\n'],
    ['a name and a value', '5;a=b\r\nhello\r\n0\r\n\r\n'],
    ['a quoted value', '5;a="b;c"\r\nhello\r\n0\r\n\r\n'],
    ['an extension of the last chunk', '5\r\nhello\r\n0;z=1\r\n\r\n'],
  ])(
    'RFC 9112 section 7.1.1: a chunk extension is overlooked and goes no further (%s)',
    async (_title, body) => {
      const request = await fixture.forward(listener, chunked(body));
      expect(request.wire.toString()).toBe('5\r\nhello\r\n0\r\n\r\n');
    },
  );

  it.each([
    ['a bare LF', '5;a\nhello\r\n0\r\n\r\n'],
    ['a LF in quotes', '5;a="\n"\r\nhello\r\n0\r\n\r\n'],
    ['a CR', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['a NUL', '5;a\0\r\nhello\r\n0\r\n\r\n'],
  ])('RFC 9112 section 7.1.1: a chunk extension with %s is refused', (_title, body) =>
    refused(chunked(body) + HIDDEN),
  );

  /** Longer than one TLS record: the upstream may have got the head, but never the end. */
  const cutOff = async (bytes: string): Promise<void> => {
    const { response, forwarded, closed } = await fixture.send(listener, bytes);
    expect([response.status, closed]).toEqual([400, true]);
    expect(forwarded.filter(({ wire }) => wire.includes('0\r\n\r\n'))).toHaveLength(0);
  };

  it('RFC 9112 section 7.1.1: chunk extensions have a limit', () =>
    cutOff(chunked(`5;${'a'.repeat(17_000)}\r\nhello\r\n0\r\n\r\n`)));

  it('RFC 9112 section 7.1.2: trailers are forwarded as trailers, never merged into the head', async () => {
    const request = await fixture.forward(
      listener,
      chunked('5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n', 'Trailer: X-Sum'),
    );
    expect(request.wire.toString()).toBe('5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n');
    expect(request.values('x-sum')).toEqual([]);
  });

  it.each([
    ...['Content-Length: 1', 'Transfer-Encoding: chunked', 'Host: evil.test', 'Authorization: Basic eDp5'],
    ...[
      'Connection: X-Sum',
      'Cookie: a=b',
      'X-Forwarded-For: 10.0.0.1',
      'Content-Type: text/html',
      'TE: gzip',
    ],
  ])(
    'RFC 9110 section 6.5.1: the trailer %s, which frames, routes or authorises, goes no further',
    async (line) => {
      const request = await fixture.forward(
        listener,
        chunked(`5\r\nhello\r\n0\r\n${line}\r\nX-Sum: 42\r\n\r\n`),
      );
      expect(request.wire.toString()).toBe('5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n');
    },
  );

  it.each([
    ['no colon', 'X-Sum\r\n\r\n'],
    ['a space before the colon', 'X-Sum : 42\r\n\r\n'],
    ['a fold', 'X-Sum: 4\r\n 2\r\n\r\n'],
    ['a bare LF', 'X-Sum: 42\n\r\n'],
    ['a NUL', 'X-Sum: \0\r\n\r\n'],
    ['a request in it', 'GET /hidden HTTP/1.1\r\nHost: example.test\r\n\r\n'],
  ])('RFC 9112 section 7.1.2: a trailer section with %s is refused', (_title, trailers) =>
    refused(chunked(`5\r\nhello\r\n0\r\n${trailers}`)),
  );

  it('RFC 9112 section 7.1.2: a trailer section has a limit', () =>
    cutOff(chunked(`5\r\nhello\r\n0\r\nX-Sum: ${'4'.repeat(17_000)}\r\n\r\n`)));

  it.each([
    ['Content-Length', `${probe('POST', 'Content-Length: 50')}hello`],
    ['chunked', chunked('5\r\nhello\r\n')],
    ['chunked, inside a chunk', chunked('5\r\nhe')],
  ])(
    'RFC 9112 section 8: a request cut inside its body is not complete for the upstream either (%s)',
    async (_title, bytes) => {
      const client = await fixture.connect(listener);
      const before = fixture.upstream.requests.length;
      await client.send(bytes);
      const request = await until(() => fixture.upstream.requests[before]);
      const closed = new Promise((resolve) => request.socket.once('close', resolve));
      client.halfClose();
      await closed;
      expect(fixture.upstream.requests).toHaveLength(before + 1);
      expect(request.wire.toString()).not.toContain('0\r\n\r\n');
    },
  );
});
