/** Many requests on one connection, clients of HTTP/1.0, and targets in absolute form. */
import { requestHead } from '../../support/index.js';
import { LISTENERS, startMessagesFixture, type MessagesFixture } from './messages-fixture.js';

let fixture: MessagesFixture;
beforeAll(async () => {
  fixture = await startMessagesFixture({
    routes: [
      { name: 'served', match: { path: '/served/*' }, upstream: 'recorder' },
      { name: 'named', match: { path: '/named', host: 'named.test' }, upstream: 'recorder' },
    ],
  });
  for (const number of [1, 2, 3, 4, 5]) {
    // The first is the slowest: order must come from the requests, not from the answers.
    fixture.upstream.reply(`/served/${String(number)}`, ({ socket }) => {
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${String(number)}`;
      setTimeout(() => socket.write(answer), 50 - number * 10);
    });
  }
});
afterAll(() => fixture.stop());

describe.each(LISTENERS)('pipelined requests on the %s listener', (listener) => {
  it('are answered in order, local replies between forwarded ones', async () => {
    const client = await fixture.connect(listener);
    const upload = `${requestHead('POST /served/3', 'Content-Length: 4')}body`;
    const chunked = `${requestHead('PUT /served/4', 'Transfer-Encoding: chunked')}2\r\nab\r\n0\r\n\r\n`;
    const missing = requestHead('GET /missing');
    const flight = `${missing}${requestHead('GET /served/1')}${missing}${missing}${requestHead('GET /served/2')}${upload}${chunked}${missing}${requestHead('GET /served/5')}`;
    await client.send(flight);
    const answers = [];
    for (let index = 0; index < 9; index += 1) {
      const response = await client.response();
      answers.push(response.status === 200 ? response.text() : response.status);
    }
    expect(answers).toEqual([404, '1', 404, 404, '2', '3', '4', 404, '5']);
    expect(client.unread).toHaveLength(0);
  });

  it('stop at the first that is malformed, after the answers to those before it', async () => {
    const client = await fixture.connect(listener);
    const before = fixture.upstream.requests.length;
    await client.send(
      `${requestHead('GET /served/1')}GET  /served/2 HTTP/1.1\r\n\r\n${requestHead('GET /served/3')}`,
    );
    expect((await client.response()).text()).toBe('1');
    const refused = await client.response();
    expect([refused.status, refused.field('connection')]).toEqual([400, 'close']);
    expect(await client.ended()).toBe('fin');
    expect(fixture.upstream.requests.length - before).toBe(1);
  });

  it('survive a blank line between two of them', async () => {
    const client = await fixture.connect(listener);
    await client.send(`${requestHead('GET /served/1')}\r\n${requestHead('GET /served/2')}`);
    expect([(await client.response()).text(), (await client.response()).text()]).toEqual(['1', '2']);
  });

  it('are not served after one that asked to close', async () => {
    const client = await fixture.connect(listener);
    await client.send(`${requestHead('GET /served/5', 'Connection: close')}${requestHead('GET /served/4')}`);
    expect((await client.response()).field('connection')).toBe('close');
    expect((await client.response()).status).toBe(0);
  });
});

describe.each(LISTENERS)('a client of HTTP/1.0 on the %s listener', (listener) => {
  it('is closed after its answer, which is framed for it', async () => {
    fixture.upstream.reply(
      '/served/chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: 1\r\n\r\n',
    );
    const client = await fixture.connect(listener);
    const response = await client.exchange('GET /served/chunked HTTP/1.0\r\n\r\n');
    expect([response.text(), response.field('transfer-encoding'), response.field('connection')]).toEqual([
      'ab',
      undefined,
      'close',
    ]);
    expect(response.end).toBe('complete');
    expect(await client.ended()).toBe('fin');
    const request = await fixture.upstream.request('/served/chunked');
    expect(request.line).toBe('GET /served/chunked HTTP/1.1');
    expect(request.values('host')).toEqual([new URL(fixture.upstream.url).host]);
    expect(request.values('via')).toEqual(['1.0 torus']);
  });

  it('keeps its connection when it asks to, and is told so', async () => {
    const client = await fixture.connect(listener);
    const bytes = 'GET /served/5 HTTP/1.0\r\nHost: a.test\r\nConnection: Keep-Alive\r\n\r\n';
    for (const request of [bytes, bytes]) {
      const response = await client.exchange(request);
      expect([response.text(), response.framing, response.field('connection')]).toEqual([
        '5',
        'length',
        'keep-alive',
      ]);
    }
  });

  it('may not send Transfer-Encoding, whose end an HTTP/1.0 hop would not see', async () => {
    const client = await fixture.connect(listener);
    const bytes = 'POST /served/1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect((await client.exchange(bytes)).status).toBe(400);
  });
});

describe.each(LISTENERS)('a target in absolute form on the %s listener', (listener) => {
  it('is routed and forwarded by its own authority, in origin form', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(
      'GET HTTP://Named.test:81/named?x=http://y/ HTTP/1.1\r\nHost: other.test\r\n\r\n',
    );
    expect(response.status).toBe(200);
    const request = await fixture.upstream.request('/named');
    expect([request.line, request.values('host'), request.values('x-forwarded-host')]).toEqual([
      'GET /named?x=http://y/ HTTP/1.1',
      ['Named.test:81'],
      ['Named.test:81'],
    ]);
  });

  it('is refused with user information, another scheme, or without Host', async () => {
    for (const line of [
      'GET http://me@named.test/named',
      'GET ftp://named.test/named',
      'GET named.test/named',
    ])
      expect((await (await fixture.connect(listener)).exchange(requestHead(line))).status).toBe(400);
    const client = await fixture.connect(listener);
    expect((await client.exchange('GET http://named.test/named HTTP/1.1\r\n\r\n')).status).toBe(400);
  });
});
