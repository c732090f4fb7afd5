/** Field lines of both directions: what is refused, what is kept as it came. */
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

const respond = (...lines: readonly string[]): string =>
  ['HTTP/1.1 200 OK', ...lines, 'Content-Length: 2', '', 'ok'].join('\r\n');

const MALFORMED: readonly (readonly [string, string])[] = [
  ['a space before the colon', 'X-A : 1'],
  ['a tab before the colon', 'X-A\t: 1'],
  ['no colon', 'X-A'],
  ['no name', ': 1'],
  ['a name that is no token', 'X(A): 1'],
  ['a slash in the name', 'X/A: 1'],
  ['obs-text in the name', 'X-\xe9: 1'],
  ['a NUL in the name', 'X-\0: 1'],
  ['a NUL in the value', 'X-A: a\0b'],
  ['a bare CR in the value', 'X-A: a\rb'],
  ['a bare LF in the value', 'X-A: a\nb'],
  ['a control byte in the value', 'X-A: a\x01b'],
  ['a DEL in the value', 'X-A: a\x7fb'],
];

describe.each(LISTENERS)('%s listener', (listener) => {
  it.each(MALFORMED)(
    'RFC 9112 section 5.1: a request field line with %s is refused',
    async (_title, line) => {
      expect(await fixture.judge(listener, probe('GET', line))).toEqual(refusal());
    },
  );

  it.each(MALFORMED)(
    'RFC 9112 section 5.1: a response field line with %s is answered 502',
    async (_title, line) => {
      const { response, cause, reused } = await fixture.relay(listener, respond(line));
      expect([response.status, cause, reused]).toEqual([502, 'upstream.head.malformed', false]);
    },
  );

  it.each([
    ['by a space', 'X-A: 1\r\n 2'],
    ['by a tab', 'X-A: 1\r\n\t2'],
    ['with nothing in it', 'X-A: 1\r\n \r\nX-B: 2'],
  ])('RFC 9112 section 5.2: a field line folded %s is refused in a request', async (_title, line) => {
    expect(await fixture.judge(listener, probe('GET', line))).toEqual(refusal());
  });

  it.each([
    ['by a space', 'X-A: 1\r\n 2'],
    ['by a tab', 'X-A: 1\r\n\t2'],
  ])('RFC 9112 section 5.2: a field line folded %s in a response is answered 502', async (_title, line) => {
    const { response, cause } = await fixture.relay(listener, respond(line));
    expect([response.status, cause]).toEqual([502, 'upstream.head.malformed']);
  });

  it('RFC 9110 section 5.1: field names are the same in any case', async () => {
    const request = await fixture.forward(listener, `${probe('POST', 'cOnTeNt-LeNgTh: 5')}hello`);
    expect(request.wire.toString()).toBe('hello');
  });

  it('RFC 9110 section 5.1: fields that nobody here knows are forwarded both ways', async () => {
    const request = await fixture.forward(listener, probe('GET', 'Quite-New: yes'));
    const { response } = await fixture.relay(listener, respond('Quite-New-Too: yes'));
    expect([request.values('quite-new'), response.field('quite-new-too')]).toEqual([['yes'], 'yes']);
  });

  it('RFC 9110 section 5.3: field lines of the same name stay in order, both ways', async () => {
    const request = await fixture.forward(
      listener,
      probe('GET', 'X-A: 1', 'X-B: between', 'x-a: 2', 'X-A: 3'),
    );
    const { response } = await fixture.relay(listener, respond('X-A: 1', 'X-B: between', 'X-A: 2'));
    expect(request.values('x-a').join(', ')).toBe('1, 2, 3');
    const values = response.fields.filter(([name]) => name.toLowerCase() === 'x-a').map(([, value]) => value);
    expect(values.join(', ')).toBe('1, 2');
  });

  it('RFC 9110 section 5.3: Set-Cookie lines are never combined', async () => {
    const { response } = await fixture.relay(listener, respond('Set-Cookie: a=1', 'Set-Cookie: b=2, c'));
    const cookies = response.fields.filter(([name]) => name.toLowerCase() === 'set-cookie');
    expect(cookies.map(([, value]) => value)).toEqual(['a=1', 'b=2, c']);
  });

  it('RFC 9110 section 5.5: obs-text in a value is passed on byte for byte', async () => {
    const request = await fixture.forward(listener, probe('GET', 'X-A: \xc3\xa9\xff\x80'));
    const { response } = await fixture.relay(listener, respond('X-A: \xc3\xa9\xff\x80'));
    expect([request.values('x-a'), response.field('x-a')]).toEqual([
      ['\xc3\xa9\xff\x80'],
      '\xc3\xa9\xff\x80',
    ]);
  });

  it.each(['X-A:1', 'X-A:   1  ', 'X-A:\t1\t', 'X-A: \t 1 \t '])(
    'RFC 9112 section 5: whitespace around a value is no part of it (%j)',
    async (line) => {
      const request = await fixture.forward(listener, probe('GET', line));
      expect(request.head).toMatch(/^X-A: 1$/m);
    },
  );

  it('RFC 9110 section 5.5: an empty value is a value', async () => {
    expect((await fixture.forward(listener, probe('GET', 'X-A:'))).values('x-a')).toEqual(['']);
  });

  it.each([
    ['too many of them', Array.from({ length: 150 }, (_, at) => `X-${String(at)}: 1`)],
    ['one that is too long', [`X-A: ${'a'.repeat(17_000)}`]],
  ])(
    'RFC 9110 section 5.4: fields larger than the gateway takes are answered 431 (%s)',
    async (_title, lines) => {
      expect(await fixture.judge(listener, probe('GET', ...lines))).toEqual(refusal(431));
    },
  );

  it('RFC 9110 section 5.4: response fields larger than the gateway takes are answered 502', async () => {
    const { response, cause } = await fixture.relay(listener, respond(`X-A: ${'a'.repeat(70_000)}`));
    expect([response.status, cause]).toEqual([502, 'upstream.head.too-large']);
  });
});
