/** HTTP/1.0 on either side. */
import { LISTENERS, PROBE, startConformanceFixture, type ConformanceFixture } from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const old = (method = 'GET', ...fields: readonly string[]): string =>
  [`${method} /probe HTTP/1.0`, ...fields, '', ''].join('\r\n');
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe.each(LISTENERS)('%s listener', (listener) => {
  beforeEach(() => fixture.upstream.reply(PROBE, OK));

  it('RFC 9112 section 9.3: an HTTP/1.0 connection closes after one response', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(old());
    expect([response.version, response.text(), response.field('connection')]).toEqual([
      'HTTP/1.1',
      'ok',
      'close',
    ]);
    expect(await client.ended()).toBe('fin');
  });

  it('RFC 9112 section 9.3: an HTTP/1.0 connection stays open when the client asks for it, and is told so', async () => {
    const client = await fixture.connect(listener);
    for (const field of ['Connection: keep-alive', 'Connection: Keep-Alive']) {
      const response = await client.exchange(old('GET', field));
      expect([response.text(), response.field('connection')]).toEqual(['ok', 'keep-alive']);
    }
  });

  it('RFC 9112 section 9.3: Proxy-Connection of an HTTP/1.0 client keeps nothing open', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(old('GET', 'Proxy-Connection: keep-alive'))).field('connection')).toBe(
      'close',
    );
  });

  it('RFC 9112 section 3.2: an HTTP/1.0 request may come without Host, and goes on with one', async () => {
    const request = await fixture.forward(listener, old());
    expect(request.values('host')).toEqual([`127.0.0.1:${String(fixture.upstream.port)}`]);
  });

  it('RFC 9112 section 6.1: an HTTP/1.0 client never gets chunks, in one piece', async () => {
    fixture.upstream.reply(PROBE, CHUNKED);
    const client = await fixture.connect(listener);
    const response = await client.exchange(old('GET', 'Connection: keep-alive'));
    expect([response.field('transfer-encoding'), response.text(), response.end]).toEqual([
      undefined,
      'ok',
      'complete',
    ]);
  });

  it('RFC 9112 section 6.1: an HTTP/1.0 client never gets chunks, in several pieces', async () => {
    fixture.upstream.reply(PROBE, ({ socket }) => {
      socket.write(CHUNKED.slice(0, -20), 'latin1');
      setTimeout(() => socket.write(CHUNKED.slice(-20), 'latin1'), 20);
    });
    const client = await fixture.connect(listener);
    const response = await client.exchange(old('GET', 'Connection: keep-alive'));
    expect([response.field('transfer-encoding'), response.field('connection')]).toEqual([undefined, 'close']);
    expect([response.framing, response.text(), response.end]).toEqual(['close', 'ok', 'complete']);
  });

  it('RFC 9110 section 15.2: an HTTP/1.0 client never gets an interim response', async () => {
    fixture.upstream.reply(PROBE, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`);
    const client = await fixture.connect(listener);
    const response = await client.exchange(old());
    expect([response.status, response.interim]).toEqual([200, []]);
  });

  it('RFC 9110 section 10.1.1: Expect of an HTTP/1.0 client is overlooked', async () => {
    const request = await fixture.forward(
      listener,
      `${old('POST', 'Expect: 100-continue', 'Content-Length: 2')}ok`,
    );
    expect([request.values('expect'), request.wire.toString()]).toEqual([[], 'ok']);
  });

  it('RFC 9110 section 7.8: Upgrade of an HTTP/1.0 client is overlooked', async () => {
    const request = await fixture.forward(listener, old('GET', 'Connection: Upgrade', 'Upgrade: websocket'));
    expect([request.values('upgrade'), request.values('connection')]).toEqual([[], []]);
  });

  it('RFC 9112 section 9.3: the connection to an HTTP/1.0 upstream is not used again', async () => {
    const { response, reused } = await fixture.relay(listener, OK.replace('1.1', '1.0'));
    expect([response.version, response.text(), reused]).toEqual(['HTTP/1.1', 'ok', false]);
  });

  it('RFC 9112 section 9.3: unless that upstream keeps it alive', async () => {
    const answer = OK.replace('1.1', '1.0').replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n');
    expect((await fixture.relay(listener, answer)).reused).toBe(true);
  });
});
