/** Which resource a request is about: the forms of the target, and Host. */
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

const target = (text: string, method = 'GET'): string =>
  `${method} ${text} HTTP/1.1\r\nHost: example.test\r\n\r\n`;

describe.each(LISTENERS)('%s listener', (listener) => {
  it.each([
    ['no Host', 'GET /probe HTTP/1.1\r\nX-A: 1\r\n\r\n'],
    ['two that differ', 'GET /probe HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n'],
    ['two that agree', 'GET /probe HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n'],
    ['an absolute-form target and no Host', 'GET http://a.test/probe HTTP/1.1\r\n\r\n'],
  ])('RFC 9112 section 3.2: an HTTP/1.1 request with %s is refused', async (_title, bytes) => {
    expect(await fixture.judge(listener, bytes)).toEqual(refusal());
  });

  it.each([
    ...[
      '',
      'a b',
      'a,b',
      'a/b',
      'user@a.test',
      'a.test:x',
      'a.test:99999',
      'a.test:',
      ':80',
      'http://a.test',
    ],
    ...['[::1', '[::1]x', '[zz]', 'a\xe9.test', 'a.test?q', 'a.test#f', 'a\\b', 'a%00b'],
  ])('RFC 9112 section 3.2: the invalid Host %j is refused', async (host) => {
    expect(await fixture.judge(listener, `GET /probe HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toEqual(refusal());
  });

  it.each(['a.test', 'A.Test:8080', '127.0.0.1:80', '[::1]:8443', 'xn--bcher-kva.test', 'under_score.test'])(
    'RFC 9110 section 7.2: the Host %s goes on as it came, and first',
    async (host) => {
      const request = await fixture.forward(
        listener,
        `GET /probe HTTP/1.1\r\nX-A: 1\r\nHost: ${host}\r\n\r\n`,
      );
      expect(request.head.split('\r\n')[1]).toBe(`host: ${host}`);
      expect(request.values('host')).toHaveLength(1);
    },
  );

  it('RFC 9112 section 3.2.2: the authority of an absolute-form target replaces Host', async () => {
    const request = await fixture.forward(listener, target('http://other.test:81/probe?q=1'));
    expect([request.line, request.values('host')]).toEqual(['GET /probe?q=1 HTTP/1.1', ['other.test:81']]);
  });

  it.each([
    ['http://other.test', '/'],
    ['http://other.test?q=1', '/?q=1'],
    ['HTTP://other.test/probe', '/probe'],
  ])(
    'RFC 9112 section 3.2.1: the absolute-form target %s goes on in origin-form as %s',
    async (text, path) => {
      expect((await fixture.forward(listener, target(text))).line).toBe(`GET ${path} HTTP/1.1`);
    },
  );

  it.each([
    ['userinfo', 'http://user:pw@other.test/probe'],
    ['an empty authority', 'http:///probe'],
    ['another scheme', 'ftp://other.test/probe'],
    ['a scheme that only begins like one', 'httpx://other.test/probe'],
    ['a backslash in the authority', 'http://other.test\\@evil.test/probe'],
    ['a port that is none', 'http://other.test:port/probe'],
  ])('RFC 9110 section 4.2: a target with %s is refused', async (_title, text) => {
    expect(await fixture.judge(listener, target(text))).toEqual(refusal());
  });

  it.each(['probe', '?q', '*', 'other.test', 'other.test:443', '../probe', '\\probe'])(
    'RFC 9112 section 3.2: %j is no target of a GET',
    async (text) => {
      expect(await fixture.judge(listener, target(text))).toEqual(refusal());
    },
  );

  it.each(['*', 'http://example.test'])(
    'RFC 9112 section 3.2.4: OPTIONS %s goes on in asterisk-form',
    async (text) => {
      const request = await fixture.forward(listener, target(text, 'OPTIONS'));
      expect([request.line, request.values('host')]).toEqual(['OPTIONS * HTTP/1.1', ['example.test']]);
    },
  );

  it('RFC 9112 section 3.2.1: two slashes at the start are a path, never an authority', async () => {
    const request = await fixture.forward(listener, target('//evil.test/probe'));
    expect([request.line, request.values('host')]).toEqual([
      'GET /evil.test/probe HTTP/1.1',
      ['example.test'],
    ]);
  });

  it.each([
    ['an escaped slash', '/a%2fprobe'],
    ['an escaped backslash', '/a%5cprobe'],
    ['a backslash', '/a\\probe'],
    ['an escaped NUL', '/probe%00'],
    ['an escaped line break', '/probe%0d%0a'],
    ['an escape that is none', '/probe%zz'],
    ['half an escape', '/probe%4'],
    ['dots above the root', '/../probe'],
    ['escaped dots', '/a/%2e%2e/probe'],
    ['dots with a parameter', '/a/..;x/probe'],
    ['an overlong slash', '/a%c0%afprobe'],
  ])(
    'RFC 9112 section 11.2: a path with %s, which servers read differently, is refused',
    async (_title, text) => {
      expect((await fixture.send(listener, target(text))).response.status).toBe(400);
    },
  );

  it('RFC 9110 section 7.7: the query goes on byte for byte', async () => {
    const query = "?a=%2F..//&b=%zz&c='&d=[]{}|^`\\";
    expect((await fixture.forward(listener, target(`/probe${query}`))).line).toBe(
      `GET /probe${query} HTTP/1.1`,
    );
  });

  it('RFC 9110 section 4.2.3: equivalent paths go on in one form', async () => {
    const request = await fixture.forward(listener, target('/a/./b/..//%70robe%c3%a9'));
    expect(request.line).toBe('GET /a/probe%C3%A9 HTTP/1.1');
  });

  it('RFC 9110 section 4.2.3: the host of a request is the same in any case', async () => {
    expect((await fixture.forward(listener, probe())).values('host')).toEqual(['example.test']);
  });
});
