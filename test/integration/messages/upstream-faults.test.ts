/** Responses nobody should believe, responses that come early, and bytes that nobody asked for. */
import { requestHead } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from './messages-fixture.js';

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture();
});
afterAll(() => fixture.stop());

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Poison: 1\r\n\r\npoison';

describe('a malformed response is answered 502 and its connection is dropped', () => {
  it.each([
    ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 2\r\n'],
    ['two Content-Length fields that differ', 'Content-Length: 2\r\nContent-Length: 3\r\n'],
    ['two Content-Length fields that agree', 'Content-Length: 2\r\nContent-Length: 2\r\n'],
    ['a Content-Length list', 'Content-Length: 2, 2\r\n'],
    ['a signed Content-Length', 'Content-Length: +2\r\n'],
    ['another transfer coding', 'Transfer-Encoding: gzip, chunked\r\n'],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['a space before the colon', 'Content-Length : 2\r\n'],
    ['a folded field', 'X-Fold: a\r\n b\r\nContent-Length: 2\r\n'],
    ['a bare LF', 'X-A: 1\nContent-Length: 2\r\n'],
    ['a bare CR', 'X-A: 1\rX-B: 2\r\nContent-Length: 2\r\n'],
    ['a NUL', 'X-A: \0\r\nContent-Length: 2\r\n'],
    ['a name that is no token', 'X(A): 1\r\nContent-Length: 2\r\n'],
  ])('%s', async (_title, fields) => {
    fixture.upstream.reply('/malformed', `HTTP/1.1 200 OK\r\n${fields}\r\nok`);
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('GET /malformed'));
    expect(response.status).toBe(502);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.head.malformed' });
    expect((await client.exchange(requestHead('GET /fine'))).text()).toBe('ok');
    const [first, second] = fixture.upstream.requests.slice(-2);
    expect(first?.connection).not.toBe(second?.connection);
  });

  it.each([
    [
      'Transfer-Encoding from an HTTP/1.0 upstream',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['another protocol', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 abc OK\r\n\r\n'],
    ['a status out of range', 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP at all', 'SSH-2.0-server\r\n\r\n'],
  ])('%s', async (_title, bytes) => {
    fixture.upstream.reply('/not-http', bytes);
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /not-http'))).status).toBe(502);
  });

  it('a chunk size that is none, when nothing was sent yet', async () => {
    fixture.upstream.reply(
      '/bad-chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n',
    );
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('GET /bad-chunk'));
    expect([response.status, response.end]).toEqual([502, 'complete']);
    expect(JSON.parse(response.text())).toMatchObject({ cause: 'upstream.body.malformed' });
  });

  it('a chunk size that is none, later: the response breaks off without a last chunk', async () => {
    fixture.upstream.reply('/late-bad-chunk', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
      setTimeout(() => socket.write('zz\r\n'), 30);
    });
    const client = await fixture.connect();
    const response = await client.exchange(requestHead('GET /late-bad-chunk'));
    expect([response.status, response.text()]).toEqual([200, 'ok']);
    expect(response.end).not.toBe('complete');
  });
});

describe.each(LISTENERS)('an early response on the %s listener', (listener) => {
  it('reaches the client while its upload goes on, and the connection then closes', async () => {
    fixture.upstream.reply(
      '/early',
      ({ socket }) => void socket.write(OK.replace('200 OK', '413 Enough')),
      'head',
    );
    const client = await fixture.connect(listener);
    await client.send(`${requestHead('POST /early', 'Content-Length: 1000000')}${'a'.repeat(1000)}`);
    const response = await client.response();
    expect([response.status, response.text(), response.field('connection')]).toEqual([413, 'ok', 'close']);
    // The rest of the upload is taken for a while, so that no reset destroys the answer on its way.
    await client.send('b'.repeat(1000));
    expect(await client.ended()).toBe('fin');
  });

  it('may stream while the upload goes on to its end', async () => {
    fixture.upstream.reply(
      '/duplex',
      ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n'),
      'head',
    );
    const client = await fixture.connect(listener);
    await client.send(`${requestHead('POST /duplex', 'Content-Length: 6')}abc`);
    await client.readUntil('3\r\none\r\n');
    await client.send('def');
    const request = await fixture.upstream.request('/duplex');
    request.socket.write('3\r\ntwo\r\n0\r\n\r\n');
    await client.readUntil('3\r\ntwo\r\n0\r\n\r\n');
  });

  it('that was sent before the request was read is relayed whole', async () => {
    fixture.upstream.reply(
      '/unread',
      ({ socket }) => {
        socket.pause();
        socket.end(OK);
      },
      'head',
    );
    const client = await fixture.connect(listener);
    const response = await client.exchange(`${requestHead('POST /unread', 'Content-Length: 5')}hello`);
    expect([response.status, response.text()]).toEqual([200, 'ok']);
  });
});

describe('bytes that no request asked for', () => {
  const next = async (): Promise<unknown[]> => {
    const stranger = await fixture.connect();
    const response = await stranger.exchange(requestHead('GET /victim'));
    return [response.status, response.text(), response.field('x-poison')];
  };

  it('in the same packet as a response never reach the next client', async () => {
    fixture.upstream.reply('/poison', `${OK}${POISON}`);
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /poison'))).text()).toBe('ok');
    expect(await next()).toEqual([200, 'ok', undefined]);
  });

  it('behind a chunked response that took several reads never reach the next client', async () => {
    fixture.upstream.reply('/poison-chunked', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
      setTimeout(() => socket.write(`0\r\n\r\n${POISON}`), 20);
    });
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /poison-chunked'))).text()).toBe('ok');
    expect(await next()).toEqual([200, 'ok', undefined]);
  });

  it('on an idle connection close it before it is used again', async () => {
    let sent: Promise<void> | undefined;
    fixture.upstream.reply('/poison-later', ({ socket }) => {
      socket.write(OK);
      sent = new Promise((resolve) => socket.once('close', () => resolve()));
      setTimeout(() => socket.write(POISON), 20);
    });
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /poison-later'))).text()).toBe('ok');
    await sent;
    expect(await next()).toEqual([200, 'ok', undefined]);
  });

  it('as a body of HEAD, 204 and 304 responses never reach the next client', async () => {
    const client = await fixture.connect();
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      fixture.upstream.reply(
        '/bodied',
        `HTTP/1.1 ${String(status)} X\r\nContent-Length: ${String(POISON.length)}\r\n\r\n${POISON}`,
      );
      expect((await client.exchange(requestHead(`${method} /bodied`), { method })).status).toBe(status);
      expect(await next()).toEqual([200, 'ok', undefined]);
    }
  });
});
