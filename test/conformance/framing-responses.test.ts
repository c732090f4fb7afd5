/** Responses read as strictly as requests: what an upstream may send, and what is answered with 502 instead. */
import {
  LISTENERS,
  startConformanceFixture,
  type ConformanceFixture,
  type UpstreamAnswer,
} from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const STATUS = 'HTTP/1.1 200 OK\r\n';
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Poison: 1\r\n\r\npoison';
const CHUNKED = `${STATUS}Transfer-Encoding: chunked\r\n\r\n`;
const withFields = (...lines: readonly string[]): string =>
  `${STATUS}${lines.join('\r\n')}\r\n\r\nok${POISON}`;

describe.each(LISTENERS)('%s listener', (listener) => {
  const refused = async (answer: UpstreamAnswer, cause = 'upstream.head.malformed'): Promise<void> => {
    const relayed = await fixture.relay(listener, answer);
    expect([relayed.response.status, relayed.cause, relayed.response.end]).toEqual([502, cause, 'complete']);
    expect([relayed.next.status, relayed.next.text(), relayed.reused]).toEqual([200, 'ok', false]);
  };
  const badBody = (answer: UpstreamAnswer): Promise<void> => refused(answer, 'upstream.body.malformed');

  it.each([
    ['another protocol', 'SSH-2.0-server\r\n\r\n'],
    ['no protocol at all', 'hello\r\n\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['HTTP/0.9', 'HTTP/0.9 200 OK\r\n\r\n'],
    ['a version in lower case', 'http/1.1 200 OK\r\n\r\n'],
    ['a version of two digits', 'HTTP/1.10 200 OK\r\n\r\n'],
    ['a version without a dot', 'HTTP/11 200 OK\r\n\r\n'],
    ['no status', 'HTTP/1.1\r\n\r\n'],
    ['a status of letters', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a negative status', 'HTTP/1.1 -20 OK\r\n\r\n'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['a tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n'],
    ['a NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'],
    ['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n'],
    ['a bare LF after it', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
    ['an empty line before it', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a space before it', ' HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a request for a response', 'GET / HTTP/1.1\r\nHost: example.test\r\n\r\n'],
  ])('RFC 9112 section 4: a status line with %s is answered 502', (_title, bytes) => refused(bytes));

  it.each([0, 99, 600, 666, 999])(
    'RFC 9110 section 15: the status %d is out of range and answered 502',
    (status) => refused(`HTTP/1.1 ${String(status).padStart(3, '0')} Odd\r\nContent-Length: 0\r\n\r\n`),
  );

  it.each([299, 418, 477, 599])(
    'RFC 9110 section 15: the status %d, which nobody registered, is relayed',
    async (status) => {
      const { response } = await fixture.relay(
        listener,
        `HTTP/1.1 ${String(status)} Something\r\nContent-Length: 2\r\n\r\nok`,
      );
      expect([response.status, response.reason, response.text()]).toEqual([status, 'Something', 'ok']);
    },
  );

  it.each([
    ['an empty one', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok', ''],
    ['none, not even the space', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok', ''],
    ['one in obs-text', 'HTTP/1.1 200 \xc3\xa9t\xc3\xa9\r\nContent-Length: 2\r\n\r\nok', '\xc3\xa9t\xc3\xa9'],
  ])('RFC 9112 section 4: the reason phrase decides nothing (%s)', async (_title, bytes, reason) => {
    const { response } = await fixture.relay(listener, bytes);
    expect([response.status, response.reason, response.text()]).toEqual([200, reason, 'ok']);
  });

  it.each([
    ['Content-Length first', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['Transfer-Encoding first', ['Transfer-Encoding: chunked', 'Content-Length: 2']],
    ['a coding nobody knows', ['Transfer-Encoding: x', 'Content-Length: 2']],
  ])(
    'RFC 9112 section 6.3: a response with both Transfer-Encoding and Content-Length is answered 502 (%s)',
    (_title, lines) => refused(withFields(...lines)),
  );

  it.each([
    ['two that differ', ['Content-Length: 2', 'Content-Length: 3']],
    ['two that agree', ['Content-Length: 2', 'Content-Length: 2']],
    ['a list', ['Content-Length: 2, 2']],
    ['a sign', ['Content-Length: +2']],
    ['a negative number', ['Content-Length: -2']],
    ['hex', ['Content-Length: 0x2']],
    ['letters', ['Content-Length: two']],
    ['nothing', ['Content-Length:']],
    ['a number past 2^53', ['Content-Length: 9007199254740993']],
    ['a space inside', ['Content-Length: 2 2']],
  ])('RFC 9112 section 6.3: an invalid Content-Length of a response is answered 502 (%s)', (_title, lines) =>
    refused(withFields(...lines)),
  );

  it.each([
    ['gzip', ['Transfer-Encoding: gzip']],
    ['gzip before chunked', ['Transfer-Encoding: gzip, chunked']],
    ['gzip after chunked', ['Transfer-Encoding: chunked, gzip']],
    ['identity', ['Transfer-Encoding: identity']],
    ['chunked twice', ['Transfer-Encoding: chunked, chunked']],
    ['two fields', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['nothing', ['Transfer-Encoding:']],
    ['a vertical tab', ['Transfer-Encoding: \x0bchunked']],
  ])(
    'RFC 9112 section 6.1: a response with a transfer coding other than chunked is answered 502 (%s)',
    (_title, lines) => refused(withFields(...lines)),
  );

  it('RFC 9112 section 6.1: Transfer-Encoding in an HTTP/1.0 response is answered 502', () =>
    refused('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'));

  it.each([
    ['no size', '\r\nok\r\n0\r\n\r\n'],
    ['a size that is no hex', 'zz\r\nok\r\n0\r\n\r\n'],
    ['a 0x', '0x2\r\nok\r\n0\r\n\r\n'],
    ['a sign', '+2\r\nok\r\n0\r\n\r\n'],
    ['a negative size', '-2\r\nok\r\n0\r\n\r\n'],
    ['a space before the size', ' 2\r\nok\r\n0\r\n\r\n'],
    ['a space after the size', '2 \r\nok\r\n0\r\n\r\n'],
    ['a size past 2^53', '20000000000001\r\nok\r\n0\r\n\r\n'],
    ['a size past 2^64', '10000000000000002\r\nok\r\n0\r\n\r\n'],
    ['a bare LF after the size', '2\nok\r\n0\r\n\r\n'],
    ['a bare CR after the size', '2\rok\r\n0\r\n\r\n'],
    ['a bare LF after the data', '2\r\nok\n0\r\n\r\n'],
    ['data longer than the size', '2\r\nokay\r\n0\r\n\r\n'],
    ['a bare LF in an extension', '2;a\nok\r\n0\r\n\r\n'],
    ['a NUL in an extension', '2;a\0\r\nok\r\n0\r\n\r\n'],
    ['a bare LF at the end', '2\r\nok\r\n0\r\n\n'],
    ['a malformed trailer', '2\r\nok\r\n0\r\nX-Sum : 1\r\n\r\n'],
    ['a folded trailer', '2\r\nok\r\n0\r\nX-Sum: 1\r\n 2\r\n\r\n'],
  ])(
    'RFC 9112 section 7.1: a chunked response with %s is answered 502 while nothing was sent',
    (_title, body) => badBody(`${CHUNKED}${body}`),
  );

  it.each([
    ['Content-Length', `${STATUS}Content-Length: 50\r\n\r\nonly this`],
    ['chunked', `${CHUNKED}9\r\nonly this\r\n`],
    ['chunked, inside a chunk', `${CHUNKED}20\r\nonly this`],
    ['chunked, inside the end', `${CHUNKED}9\r\nonly this\r\n0\r\n`],
  ])(
    'RFC 9112 section 8: a response cut inside its body never looks complete (%s)',
    async (_title, bytes) => {
      const { response, next } = await fixture.relay(listener, (socket) => void socket.end(bytes, 'latin1'));
      expect(response.end === 'complete' && response.status === 200).toBe(false);
      expect([next.status, next.text()]).toEqual([200, 'ok']);
    },
  );

  it.each([
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 2'],
    ['half a head', `${STATUS}Content-Length: 2\r\n`],
  ])('RFC 9112 section 8: an upstream that closes after %s is answered 502', async (_title, bytes) => {
    const { response } = await fixture.relay(listener, (socket) => void socket.end(bytes, 'latin1'));
    expect([response.status, response.end]).toEqual([502, 'complete']);
  });

  it('RFC 9112 section 6.3: a response without Content-Length and Transfer-Encoding ends with its connection', async () => {
    const { response, reused } = await fixture.relay(
      listener,
      (socket) => void socket.end(`${STATUS}X-A: 1\r\n\r\nall of it`),
    );
    expect([response.framing, response.text(), response.end, reused]).toEqual([
      'chunked',
      'all of it',
      'complete',
      false,
    ]);
  });

  it('RFC 9112 section 8: a response that ends with its connection is not complete after a reset', async () => {
    const { response } = await fixture.relay(listener, (socket) => {
      socket.write(`${STATUS}X-A: 1\r\n\r\nsome of it`);
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    expect(response.end).not.toBe('complete');
  });

  it.each([
    ['Content-Length', `${STATUS}Content-Length: 2\r\n\r\nok${POISON}`],
    ['chunked', `${CHUNKED}2\r\nok\r\n0\r\n\r\n${POISON}`],
    ['a length of 0', `${STATUS}Content-Length: 0\r\n\r\n${POISON}`],
    ['no body: 204', `HTTP/1.1 204 No Content\r\n\r\n${POISON}`],
    ['no body: 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n${POISON}`],
  ])("RFC 9112 section 9.2: bytes after a response are nobody's answer (%s)", async (_title, bytes) => {
    const { next, reused } = await fixture.relay(listener, bytes);
    expect([next.status, next.text(), next.field('x-poison'), reused]).toEqual([200, 'ok', undefined, false]);
  });

  it('RFC 9112 section 7.1.2: the trailers of a response are relayed as trailers, framing and cookies among them are not', async () => {
    const { response } = await fixture.relay(
      listener,
      `${CHUNKED}2\r\nok\r\n0\r\nX-Sum: 42\r\nSet-Cookie: late=1\r\nContent-Length: 9\r\n\r\n`,
    );
    expect([response.text(), response.trailers, response.field('x-sum')]).toEqual([
      'ok',
      [['X-Sum', '42']],
      undefined,
    ]);
  });

  it('RFC 9112 section 7.1.1: chunk extensions of a response go no further', async () => {
    const { response } = await fixture.relay(listener, `${CHUNKED}2;a="b"\r\nok\r\n0;z\r\n\r\n`);
    expect([response.text(), response.end]).toEqual(['ok', 'complete']);
  });
});
