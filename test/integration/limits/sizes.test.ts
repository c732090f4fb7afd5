/** How much a client, or an upstream, may put into one message. */
import { requestHead } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from '../messages/messages-fixture.js';

const LINE = 200;
const HEAD = 600;
const COUNT = 10;

let fixture: MessagesFixture;
let lenient: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture(
    {},
    { limits: { requestLine: `${String(LINE)}B`, head: `${String(HEAD)}B`, headerCount: COUNT } },
  );
  lenient = await startMessagesFixture({}, { limits: { allowUnderscores: true } });
});
afterAll(() => Promise.all([fixture.stop(), lenient.stop()]));

/** A request line of exactly this many bytes, without its line break. */
const lineOf = (bytes: number): string => `GET /${'a'.repeat(bytes - 'GET / HTTP/1.1'.length)}`;
const cause = (body: string): unknown => (JSON.parse(body) as Record<string, unknown>)['cause'];

describe.each(LISTENERS)('requests on the %s listener', (listener) => {
  it('a request line at the limit is served, one byte more is answered 414, in one packet or in many', async () => {
    const fits = await fixture.connect(listener);
    expect((await fits.exchange(requestHead(lineOf(LINE)))).status).toBe(200);
    for (const cut of [0, 50, LINE]) {
      const client = await fixture.connect(listener);
      const head = requestHead(lineOf(LINE + 1));
      await client.send(head.slice(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const response = await client.exchange(head.slice(cut));
      expect([response.status, cause(response.text())]).toEqual([414, 'downstream.head.target-too-long']);
      expect(await client.ended()).toBe('fin');
    }
  });

  it('a request line longer than a whole head may be is still answered 414', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(requestHead(lineOf(2 * HEAD)))).status).toBe(414);
  });

  it('an endless request line is answered before it ends', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(`GET /${'a'.repeat(LINE + 10)}`)).status).toBe(414);
  });

  it('a head at the limit is served, one byte more is answered 431, in one packet or in many', async () => {
    const empty = requestHead('GET /head', 'X-Fill: ').length;
    const headOf = (bytes: number): string =>
      requestHead('GET /head', `X-Fill: ${'f'.repeat(bytes - empty)}`);
    const fits = await fixture.connect(listener);
    expect((await fits.exchange(headOf(HEAD))).status).toBe(200);
    for (const cut of [0, 100, HEAD]) {
      const client = await fixture.connect(listener);
      await client.send(headOf(HEAD + 1).slice(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const response = await client.exchange(headOf(HEAD + 1).slice(cut));
      expect([response.status, cause(response.text())]).toEqual([431, 'downstream.head.too-large']);
    }
  });

  it('as many fields as allowed are served, one more is answered 431', async () => {
    const fields = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `X-${String(index)}: 1`);
    const client = await fixture.connect(listener);
    // Host is one of them.
    expect((await client.exchange(requestHead('GET /count', ...fields(COUNT - 1)))).status).toBe(200);
    const response = await client.exchange(requestHead('GET /count', ...fields(COUNT)));
    expect([response.status, cause(response.text())]).toEqual([431, 'downstream.head.too-large']);
  });

  it('fields with an underscore in their name are dropped, unless they are allowed', async () => {
    const request = requestHead('GET /under', 'X_User: mallory', 'Content_Length: 5', 'X-Kept: a_b');
    for (const [at, kept] of [
      [fixture, []],
      [lenient, ['mallory']],
    ] as const) {
      const client = await at.connect(listener);
      expect((await client.exchange(request)).status).toBe(200);
      const seen = await at.upstream.request('/under');
      expect([seen.values('x_user'), seen.values('x-kept')]).toEqual([kept, ['a_b']]);
    }
  });

  it('a small body in chunks of one byte is served, and its chunks joined on the way', async () => {
    const client = await lenient.connect(listener);
    const bytes = 16 * 1024;
    await client.send(requestHead('POST /tiny', 'Transfer-Encoding: chunked'));
    const response = await client.exchange(`${'1\r\nx\r\n'.repeat(bytes)}0\r\n\r\n`);
    expect(response.status).toBe(200);
    const line = await lenient.torus.waitForLog(
      (at) => at['path'] === '/tiny' && at['requestBytes'] === bytes,
    );
    expect(line).toMatchObject({ status: 200, cause: 'ok' });
    // Compacted on the way: not six bytes for each.
    expect((await lenient.upstream.request('/tiny')).wire.length).toBeLessThan(1.2 * bytes);
  });
});

describe('responses', () => {
  it.each([
    ['more fields than an upstream may send', `${'X-Flood: 1\r\n'.repeat(300)}\r\n`],
    ['one field that is too long', `X-Flood: ${'f'.repeat(70 * 1024)}\r\n\r\n`],
    ['fields without an end', 'X-Flood: 1\r\n'.repeat(10_000)],
  ])('%s are answered 502', async (_title, flood) => {
    fixture.upstream.reply('/flood', `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${flood}`);
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('GET /flood'));
    expect([response.status, cause(response.text())]).toEqual([502, 'upstream.head.too-large']);
    expect((await client.exchange(requestHead('GET /fine'))).status).toBe(200);
  });
});
