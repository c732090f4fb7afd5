/** The request line, and what may stand around it. */
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

const HOST = '\r\nHost: example.test\r\n\r\n';

describe.each(LISTENERS)('%s listener', (listener) => {
  const refused = async (bytes: string, status = 400): Promise<void> => {
    expect(await fixture.judge(listener, bytes)).toEqual(refusal(status));
  };

  it('RFC 9112 section 2.2: an empty line before the request line is overlooked', async () => {
    const request = await fixture.forward(listener, `\r\n${probe()}`);
    expect(request.line).toBe('GET /probe HTTP/1.1');
  });

  it.each([
    ['whitespace', `GET /probe HTTP/1.1\r\n X-A: 1${HOST}`],
    ['a tab', `GET /probe HTTP/1.1\r\n\tX-A: 1${HOST}`],
  ])('RFC 9112 section 2.2: %s before the first field is refused', (_title, bytes) => refused(bytes));

  it.each([
    ['the request line', `GET /probe HTTP/1.1\nHost: example.test\r\n\r\n`],
    ['a field line', `GET /probe HTTP/1.1\r\nX-A: 1\nHost: example.test\r\n\r\n`],
    ['every line', 'GET /probe HTTP/1.1\nHost: example.test\n\n'],
    ['the empty line', 'GET /probe HTTP/1.1\r\nHost: example.test\r\n\n'],
  ])('RFC 9112 section 2.2: a bare LF at the end of %s is refused', (_title, bytes) => refused(bytes));

  it.each([
    ['in the method', `GE\rT /probe HTTP/1.1${HOST}`],
    ['in the target', `GET /pro\rbe HTTP/1.1${HOST}`],
    ['after the version', `GET /probe HTTP/1.1\r\r\nHost: example.test\r\n\r\n`],
    ['in a field value', `GET /probe HTTP/1.1\r\nX-A: 1\rX-B: 2${HOST}`],
    ['in a field name', `GET /probe HTTP/1.1\r\nX-\rA: 1${HOST}`],
  ])('RFC 9112 section 2.2: a bare CR %s is refused', (_title, bytes) => refused(bytes));

  it.each([
    ['in lower case', `GET /probe http/1.1${HOST}`],
    ['without a minor number', `GET /probe HTTP/1${HOST}`],
    ['without a dot', `GET /probe HTTP/11${HOST}`],
    ['with two minor digits', `GET /probe HTTP/1.10${HOST}`],
    ['with two major digits', `GET /probe HTTP/01.1${HOST}`],
    ['with a space inside', `GET /probe HTTP/ 1.1${HOST}`],
    ['with a sign', `GET /probe HTTP/+1.1${HOST}`],
    ['of another protocol', `GET /probe HTTPS/1.1${HOST}`],
    ['that is missing (HTTP/0.9)', 'GET /probe\r\n\r\n'],
  ])('RFC 9112 section 2.3: a version %s is refused', (_title, bytes) => refused(bytes));

  it.each(['0.9', '2.0', '3.0', '9.9'])(
    'RFC 9110 section 15.6.6: HTTP/%s on an HTTP/1.1 connection is answered 505',
    (version) => refused(`GET /probe HTTP/${version}${HOST}`, 505),
  );

  it('RFC 9110 section 2.5: a higher minor version of HTTP/1 is served as HTTP/1.1 and forwarded as such', async () => {
    const request = await fixture.forward(listener, `GET /probe HTTP/1.7${HOST}`);
    expect(request.line).toBe('GET /probe HTTP/1.1');
  });

  it('RFC 9110 section 2.5: an HTTP/1.0 request goes on with the version of the gateway', async () => {
    const request = await fixture.forward(listener, `GET /probe HTTP/1.0${HOST}`);
    expect(request.line).toBe('GET /probe HTTP/1.1');
  });

  it.each([
    ['no target', `GET HTTP/1.1${HOST}`],
    ['no method', ` /probe HTTP/1.1${HOST}`],
    ['two spaces before the target', `GET  /probe HTTP/1.1${HOST}`],
    ['two spaces before the version', `GET /probe  HTTP/1.1${HOST}`],
    ['a tab for a space', `GET\t/probe HTTP/1.1${HOST}`],
    ['a form feed for a space', `GET /probe\fHTTP/1.1${HOST}`],
    ['a space at the end', `GET /probe HTTP/1.1 ${HOST}`],
    ['a space in the target', `GET /pro be HTTP/1.1${HOST}`],
    ['a second request line in the target', `GET /probe HTTP/1.1 /hidden HTTP/1.1${HOST}`],
    ['a method that is no token', `GE(T /probe HTTP/1.1${HOST}`],
    ['a method with a NUL', `GE\0T /probe HTTP/1.1${HOST}`],
    ['a method in obs-text', `G\xcbT /probe HTTP/1.1${HOST}`],
    ['a NUL in the target', `GET /pro\0be HTTP/1.1${HOST}`],
    ['obs-text in the target', `GET /pro\xe9be HTTP/1.1${HOST}`],
    ['a fragment in the target', `GET /probe#top HTTP/1.1${HOST}`],
    ['bytes of a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a response', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('RFC 9112 section 3: a request line with %s is refused, never corrected', (_title, bytes) =>
    refused(bytes),
  );

  it('RFC 9112 section 3: a request line of 8000 octets is served', async () => {
    const target = `/probe?${'q'.repeat(8000 - 'GET /probe? HTTP/1.1'.length)}`;
    const request = await fixture.forward(listener, `GET ${target} HTTP/1.1${HOST}`);
    expect(request.line).toBe(`GET ${target} HTTP/1.1`);
  });

  it('RFC 9112 section 3: a target longer than the gateway takes is answered 414', () =>
    refused(`GET /probe?${'q'.repeat(12_000)} HTTP/1.1${HOST}`, 414));

  it('RFC 9112 section 3: a method that nobody knows is for the upstream to judge, in the case it was sent', async () => {
    const request = await fixture.forward(listener, `bReW-it! /probe HTTP/1.1${HOST}`);
    expect(request.line).toBe('bReW-it! /probe HTTP/1.1');
  });
});
