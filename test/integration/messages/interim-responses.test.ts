/** 1xx responses and Expect: what is relayed, to whom, and who decides whether a body is sent. */
import { requestHead, until } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from './messages-fixture.js';

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture();
});
afterAll(() => fixture.stop());

const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EXPECTING = ['Content-Length: 5', 'Expect: 100-continue'];

describe.each(LISTENERS)('interim responses on the %s listener', (listener) => {
  it('relays 103 (Early Hints) with its fields before the final response', async () => {
    fixture.upstream.reply('/hints', `${HINTS}${HINTS}${OK}`);
    fixture.upstream.reply('/slow-hints', ({ socket }) => {
      socket.write(HINTS);
      setTimeout(() => socket.write(OK), 30);
    });
    const client = await fixture.connect(listener);
    const together = await client.exchange(requestHead('GET /hints'));
    expect(together.interim.map(({ status }) => status)).toEqual([103, 103]);
    expect(together.interim[0]?.fields).toEqual([['Link', '</a.css>; rel=preload']]);
    const apart = await client.exchange(requestHead('GET /slow-hints'));
    expect([apart.interim.map(({ status }) => status), apart.text()]).toEqual([[103], 'ok']);
  });

  it('sends no interim response to a client of HTTP/1.0', async () => {
    fixture.upstream.reply('/hints-for-old', `HTTP/1.1 100 Continue\r\n\r\n${HINTS}${OK}`);
    const client = await fixture.connect(listener);
    const response = await client.exchange('GET /hints-for-old HTTP/1.0\r\nHost: a\r\n\r\n');
    expect([response.interim, response.text()]).toEqual([[], 'ok']);
  });

  it('answers 502 when the interim responses do not end', async () => {
    fixture.upstream.reply('/endless', ({ socket }) => {
      socket.write(HINTS.repeat(500));
    });
    const client = await fixture.connect(listener);
    const response = await client.exchange(requestHead('GET /endless'));
    expect(response.status).toBe(502);
    expect(response.interim.length).toBeLessThanOrEqual(32);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.head.malformed' });
  });

  it('answers 502 when the upstream switches protocols unasked', async () => {
    fixture.upstream.reply(
      '/unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n',
    );
    const client = await fixture.connect(listener);
    expect((await client.exchange(requestHead('GET /unasked'))).status).toBe(502);
  });
});

describe.each(LISTENERS)('Expect: 100-continue on the %s listener', (listener) => {
  it("relays the upstream's 100 (Continue), then the body, then the response", async () => {
    fixture.upstream.reply(
      '/continue',
      ({ socket }) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
      'head',
    );
    const client = await fixture.connect(listener);
    await client.send(requestHead('POST /continue', ...EXPECTING));
    expect((await client.readUntil('\r\n\r\n')).toString()).toMatch(/^HTTP\/1\.1 100 /);
    const request = await fixture.upstream.request('/continue');
    expect([request.values('expect'), request.wire.toString()]).toEqual([['100-continue'], '']);
    await client.send('hello');
    await until(() => request.wire.length === 5);
    request.socket.write(OK);
    const response = await client.response();
    expect([response.status, response.text(), response.interim]).toEqual([200, 'ok', []]);
    expect(request.wire.toString()).toBe('hello');
    expect((await client.exchange(requestHead('GET /after'))).status).toBe(200);
  });

  it("gives the client the upstream's 417 and no 100 before it", async () => {
    const refusal = 'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno';
    fixture.upstream.reply('/refuse', ({ socket }) => void socket.write(refusal), 'head');
    const client = await fixture.connect(listener);
    const response = await client.exchange(requestHead('POST /refuse', ...EXPECTING));
    expect([response.status, response.text(), response.interim]).toEqual([417, 'no', []]);
    // Nobody knows whether the client still sends the body: the connection cannot be used again.
    expect(response.field('connection')).toBe('close');
    expect(await client.ended()).toBe('fin');
  });

  it('serves a client that does not wait for the 100', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(`${requestHead('POST /hasty', ...EXPECTING)}hello`);
    expect([response.status, (await fixture.upstream.request('/hasty')).wire.toString()]).toEqual([
      200,
      'hello',
    ]);
  });

  it('refuses an expectation it does not know with 417, before any upstream is asked', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(requestHead('GET /unknown', 'Expect: miracles'));
    expect(response.status).toBe(417);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'downstream.head.expectation-unsupported' });
    expect(fixture.upstream.requests.some(({ line }) => line.includes('/unknown'))).toBe(false);
  });

  it('ignores Expect of an HTTP/1.0 client', async () => {
    const client = await fixture.connect(listener);
    const bytes = 'POST /old-expect HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello';
    expect((await client.exchange(bytes)).status).toBe(200);
    expect((await fixture.upstream.request('/old-expect')).values('expect')).toEqual([]);
  });
});
