/** What belongs to one hop only, in both directions, and what a client cannot do by naming fields in Connection. */
import { TEST_SECRET, requestHead, token } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from './messages-fixture.js';

let fixture: MessagesFixture;
beforeAll(async () => {
  const claims = { 'jwt-auth': { secret: TEST_SECRET, claimsToHeaders: { sub: 'x-user' } } };
  const added = { headers: { request: { set: { 'x-added': 'by-torus' } } } };
  fixture = await startMessagesFixture({
    routes: [
      { name: 'plain', match: { path: '/*' }, upstream: 'recorder', upgrades: false },
      { name: 'identity', match: { path: '/identity' }, filters: [claims, added], upstream: 'recorder' },
    ],
  });
});
afterAll(() => fixture.stop());

describe.each(LISTENERS)('on the %s listener', (listener) => {
  it('removes from a request what is for this hop, and every field that Connection names', async () => {
    const client = await fixture.connect(listener);
    const fields = [
      'Connection: keep-alive, X-Secret-Hop, TE',
      'connection: X-Other',
      'X-Secret-Hop: 1',
      'x-other: 2',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Trailer: X-None',
      'Proxy-Authorization: Basic bm86bm8=',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
      'X-End-To-End: stays',
    ];
    expect((await client.exchange(requestHead('GET /hop', ...fields))).status).toBe(200);
    const { head } = await fixture.upstream.request('/hop');
    expect(head).toContain('X-End-To-End: stays');
    expect(head.toLowerCase()).not.toMatch(
      /\n(connection|x-secret-hop|x-other|keep-alive|proxy-connection|te|trailer|proxy-authorization|http2-settings):/,
    );
  });

  it('removes the same from a response', async () => {
    fixture.upstream.reply(
      '/hop-back',
      'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Secret-Hop\r\nX-Secret-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n' +
        'TE: trailers\r\nUpgrade: h2c\r\nTrailer: X-None\r\nX-End-To-End: stays\r\nContent-Length: 2\r\n\r\nok',
    );
    const client = await fixture.connect(listener);
    const response = await client.exchange(requestHead('GET /hop-back'));
    expect(response.fields.map(([name]) => name.toLowerCase()).sort()).toEqual([
      'content-length',
      'date',
      'x-end-to-end',
    ]);
  });

  it('keeps framing and Host of a request whose Connection names them', async () => {
    const client = await fixture.connect(listener);
    const named = 'Connection: Host, Content-Length, Transfer-Encoding';
    const response = await client.exchange(`${requestHead('POST /framed', named, 'Content-Length: 5')}hello`);
    const request = await fixture.upstream.request('/framed');
    expect([response.status, request.values('host'), request.wire.toString()]).toEqual([
      200,
      ['example.test'],
      'hello',
    ]);
  });

  it('adds its own fields although the client names them in Connection', async () => {
    const client = await fixture.connect(listener);
    const names = 'x-forwarded-for, x-forwarded-proto, x-forwarded-host, via, x-request-id, x-user, x-added';
    const response = await client.exchange(
      requestHead(
        'GET /identity',
        `Connection: ${names}`,
        `Authorization: Bearer ${token({ sub: 'ada' })}`,
        'X-User: mallory',
        'X-Added: by-client',
      ),
    );
    expect(response.status).toBe(200);
    const request = await fixture.upstream.request('/identity');
    for (const [name, value] of [
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-proto', listener === 'secure' ? 'https' : 'http'],
      ['x-forwarded-host', 'example.test'],
      ['via', '1.1 torus'],
      ['x-user', 'ada'],
      ['x-added', 'by-torus'],
    ] as const)
      expect([name, request.values(name)]).toEqual([name, [value]]);
    expect(request.values('x-request-id')).toHaveLength(1);
  });

  it('keeps several Set-Cookie fields several, and in order', async () => {
    fixture.upstream.reply(
      '/cookies',
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\nX-Between: 1\r\nset-cookie: b=2\r\nSet-Cookie: a=3\r\nContent-Length: 0\r\n\r\n',
    );
    const client = await fixture.connect(listener);
    const { fields } = await client.exchange(requestHead('GET /cookies'));
    expect(fields.filter(([name]) => name.toLowerCase() === 'set-cookie').map(([, value]) => value)).toEqual([
      'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
      'b=2',
      'a=3',
    ]);
  });

  it('keeps other repeated fields repeated, and in order, both ways', async () => {
    fixture.upstream.reply('/repeated', 'HTTP/1.1 200 OK\r\nX-R: 1\r\nX-R: 2\r\nContent-Length: 0\r\n\r\n');
    const client = await fixture.connect(listener);
    const { fields } = await client.exchange(requestHead('GET /repeated', 'Cookie: a=1', 'X-Q: 1', 'x-q: 2'));
    expect(fields.filter(([name]) => name === 'X-R').map(([, value]) => value)).toEqual(['1', '2']);
    expect((await fixture.upstream.request('/repeated')).values('x-q')).toEqual(['1', '2']);
  });

  it('adds itself to Via, after the hops before it', async () => {
    const client = await fixture.connect(listener);
    await client.exchange(requestHead('GET /via'));
    expect((await fixture.upstream.request('/via')).values('via')).toEqual(['1.1 torus']);
    await client.exchange(requestHead('GET /via?more', 'Via: 1.0 fred', 'via: 1.1 p.example.net'));
    expect((await fixture.upstream.request('/via')).values('via')).toEqual([
      '1.0 fred, 1.1 p.example.net, 1.1 torus',
    ]);
  });

  it('serves an upgrade request as plain HTTP where the route allows no upgrade', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(
      requestHead(
        'GET /no-upgrade',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
      ),
    );
    const request = await fixture.upstream.request('/no-upgrade');
    expect([response.status, request.values('upgrade'), request.values('connection')]).toEqual([200, [], []]);
    expect((await client.exchange(requestHead('GET /still-http'))).status).toBe(200);
  });

  it('never tells an upstream that chunked DELETE and GET bodies are requests of their own', async () => {
    const client = await fixture.connect(listener);
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const method of ['DELETE', 'GET', 'OPTIONS']) {
      const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
      const response = await client.exchange(
        `${requestHead(`${method} /carrier`, 'Transfer-Encoding: chunked')}${chunk}`,
      );
      expect(response.status).toBe(200);
      expect((await fixture.upstream.request('/carrier')).wire.toString()).toBe(chunk);
    }
    expect(fixture.upstream.requests.some(({ line }) => line.includes('/smuggled'))).toBe(false);
  });
});
