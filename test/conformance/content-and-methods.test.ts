/** What methods and statuses say about content, and the fields that an intermediary adds or leaves alone. */
import { LISTENERS, probe, startConformanceFixture, type ConformanceFixture } from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture({
    routes: [
      { name: 'get-only', match: { path: '/get-only', methods: ['GET'] }, upstream: 'recorder' },
      { name: 'probe', match: { path: '/probe' }, upstream: 'recorder' },
      { name: 'witness', match: { path: '/witness' }, upstream: 'recorder' },
    ],
  });
});
afterAll(() => fixture.stop());

const respond = (status: string, ...lines: readonly string[]): string =>
  [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n');

describe.each(LISTENERS)('%s listener', (listener) => {
  it('RFC 9110 section 9.3.2: a response to HEAD has no body, and says how long the one of a GET would be', async () => {
    const { response, next } = await fixture.relay(
      listener,
      respond('200 OK', 'Content-Length: 1234'),
      'HEAD',
    );
    expect([response.status, response.field('content-length'), response.end]).toEqual([
      200,
      '1234',
      'complete',
    ]);
    expect(next.text()).toBe('ok');
  });

  it('RFC 9110 section 9.3.2: a body that an upstream sends to HEAD goes no further', async () => {
    const answer = `${respond('200 OK', 'Content-Length: 6')}poison`;
    const { response, next, reused } = await fixture.relay(listener, answer, 'HEAD');
    expect([response.status, next.text(), reused]).toEqual([200, 'ok', false]);
  });

  it.each(['Content-Length: 0', 'Transfer-Encoding: chunked', 'Content-Length: 5'])(
    'RFC 9110 section 8.6: 204 goes on without %s',
    async (line) => {
      const { response } = await fixture.relay(listener, respond('204 No Content', line));
      expect(response.status).toBe(204);
      expect([response.field('content-length'), response.field('transfer-encoding')]).toEqual([
        undefined,
        undefined,
      ]);
    },
  );

  it('RFC 9110 section 15.4.5: 304 ends with its head, whatever length it tells', async () => {
    const { response, next } = await fixture.relay(
      listener,
      respond('304 Not Modified', 'Content-Length: 1234', 'ETag: "e"'),
    );
    expect([response.status, response.field('etag'), next.text()]).toEqual([304, '"e"', 'ok']);
  });

  it('RFC 9110 section 6.6.1: a response without Date gets one', async () => {
    const { response } = await fixture.relay(listener, respond('200 OK', 'Content-Length: 0'));
    expect(response.field('date')).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  });

  it('RFC 9110 section 6.6.1: the Date of the upstream stays', async () => {
    const date = 'Tue, 15 Nov 1994 08:12:31 GMT';
    const { response } = await fixture.relay(
      listener,
      respond('200 OK', `Date: ${date}`, 'Content-Length: 0'),
    );
    expect(response.fields.filter(([name]) => name.toLowerCase() === 'date')).toEqual([['Date', date]]);
  });

  it('RFC 9110 section 10.2.4: Server is the one of the upstream', async () => {
    const { response } = await fixture.relay(
      listener,
      respond('200 OK', 'Server: origin/1', 'Content-Length: 0'),
    );
    expect(response.fields.filter(([name]) => name.toLowerCase() === 'server')).toEqual([
      ['Server', 'origin/1'],
    ]);
  });

  it.each([
    ['none before', [], '1.1 torus'],
    ['one before', ['Via: 1.0 fred'], '1.0 fred, 1.1 torus'],
    ['two lines before', ['Via: 1.0 fred', 'Via: 1.1 mary (x)'], '1.0 fred, 1.1 mary (x), 1.1 torus'],
  ])(
    'RFC 9110 section 7.6.3: a request goes on with this hop at the end of Via (%s)',
    async (_title, lines, via) => {
      expect((await fixture.forward(listener, probe('GET', ...lines))).values('via')).toEqual([via]);
    },
  );

  it('RFC 9110 section 7.6.3: Via names the version in which the request came', async () => {
    const request = await fixture.forward(listener, 'GET /probe HTTP/1.0\r\n\r\n');
    expect(request.values('via')).toEqual(['1.0 torus']);
  });

  it.each(['TRACE', 'CONNECT'])(
    'RFC 9110 section 9.1: %s is not implemented here and answered 501',
    async (method) => {
      const text = method === 'CONNECT' ? 'example.test:443' : '/probe';
      const { response, forwarded } = await fixture.send(
        listener,
        `${method} ${text} HTTP/1.1\r\nHost: example.test\r\n\r\n`,
      );
      expect([response.status, forwarded.length]).toEqual([501, 0]);
    },
  );

  it('RFC 9110 section 15.5.6: 405 says which methods are allowed', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange('DELETE /get-only HTTP/1.1\r\nHost: example.test\r\n\r\n');
    expect([response.status, response.field('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('RFC 9110 section 7.7: content, its coding and its type are passed on as they are', async () => {
    const lines = [
      'Content-Encoding: gzip',
      'Content-Type: text/x; charset=no',
      'Cache-Control: no-transform',
    ];
    const body = '\x1f\x8b\x08not really';
    const { response } = await fixture.relay(
      listener,
      `${respond('200 OK', ...lines, `Content-Length: ${String(body.length)}`)}${body}`,
    );
    expect(response.body.toString('latin1')).toBe(body);
    for (const line of lines) expect(response.field(line.split(':')[0] ?? '')).toBe(line.split(': ')[1]);
  });

  it.each([
    'ETag: W/"a"',
    'Last-Modified: x',
    'Expires: 0',
    'Vary: *',
    'Accept-Ranges: none',
    'Location: ../up',
  ])('RFC 9110 section 7.7: the response field %s is not touched', async (line) => {
    const { response } = await fixture.relay(listener, respond('200 OK', line, 'Content-Length: 0'));
    expect(response.field(line.split(':')[0] ?? '')).toBe(line.slice(line.indexOf(' ') + 1));
  });

  it('RFC 9110 section 11.6.2: Authorization is passed on', async () => {
    const request = await fixture.forward(listener, probe('GET', 'Authorization: Basic eDp5'));
    expect(request.values('authorization')).toEqual(['Basic eDp5']);
  });

  it('RFC 9110 section 15.6.3: an upstream that says nothing sensible is answered for with 502', async () => {
    const { response } = await fixture.relay(listener, 'nonsense\r\n\r\n');
    expect([response.status, response.field('content-type')]).toEqual([502, 'application/problem+json']);
  });
});
