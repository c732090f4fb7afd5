/** How long a connection lives, what is answered on it in which order, and who closes it. */
import { requestHead, until } from '../support/index.js';
import {
  IMPATIENCE_MS,
  LISTENERS,
  PROBE,
  probe,
  startConformanceFixture,
  type ConformanceFixture,
} from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe.each(LISTENERS)('%s listener', (listener) => {
  beforeEach(() => fixture.upstream.reply(PROBE, OK));

  it('RFC 9112 section 9.3: an HTTP/1.1 connection stays open by itself', async () => {
    const client = await fixture.connect(listener);
    for (let count = 0; count < 3; count += 1) {
      const response = await client.exchange(probe());
      expect([response.text(), response.field('connection')]).toEqual(['ok', undefined]);
    }
  });

  it.each(['Connection: close', 'Connection: x, Close', 'connection: CLOSE'])(
    'RFC 9112 section 9.6: after %s the response says close, and the connection ends',
    async (line) => {
      const { response, closed } = await fixture.send(listener, probe('GET', line));
      expect([response.text(), response.field('connection'), closed]).toEqual(['ok', 'close', true]);
    },
  );

  it('RFC 9112 section 9.6: a request behind one that says close is not processed', async () => {
    const bytes = `${probe('GET', 'Connection: close')}${requestHead('GET /hidden')}`;
    const { forwarded } = await fixture.send(listener, bytes);
    expect(forwarded.map(({ line }) => line)).toEqual(['GET /probe HTTP/1.1']);
  });

  it('RFC 9112 section 9.6: what an upstream says of its connection does not close the one of the client', async () => {
    fixture.upstream.reply(PROBE, OK.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    const client = await fixture.connect(listener);
    const first = await client.exchange(probe());
    const second = await client.exchange(probe());
    const [before, after] = fixture.upstream.requests.slice(-2);
    expect([first.field('connection'), second.text()]).toEqual([undefined, 'ok']);
    expect(before?.connection).not.toBe(after?.connection);
  });

  it('RFC 9112 section 9.3.2: pipelined requests are answered in order, one after the other', async () => {
    const paths = ['/first', '/second', '/third'];
    for (const path of paths) {
      fixture.upstream.reply(path, ({ socket }) => {
        const delayMs = path === '/first' ? 30 : 0;
        setTimeout(
          () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(path.length)}\r\n\r\n${path}`),
          delayMs,
        );
      });
    }
    const client = await fixture.connect(listener);
    await client.send(paths.map((path) => requestHead(`GET ${path}`)).join(''));
    for (const path of paths) expect((await client.response()).text()).toBe(path);
  });

  it.each(['POST', 'PATCH'])(
    'RFC 9112 section 9.3.1: a %s that may have been served is never sent again',
    async (method) => {
      const client = await fixture.connect(listener);
      expect((await client.exchange(probe())).status).toBe(200);
      fixture.upstream.reply(PROBE, ({ socket }) => void socket.resetAndDestroy());
      const before = fixture.upstream.requests.length;
      expect((await client.exchange(`${probe(method, 'Content-Length: 2')}ok`)).status).toBe(502);
      expect(fixture.upstream.requests).toHaveLength(before + 1);
    },
  );

  it('RFC 9112 section 9.3.1: a GET on a connection that had gone stale is sent again, once', async () => {
    const client = await fixture.connect(listener);
    expect((await client.exchange(probe())).status).toBe(200);
    let resets = 1;
    fixture.upstream.reply(PROBE, ({ socket }) => {
      if (resets > 0) socket.resetAndDestroy();
      else socket.write(OK);
      resets -= 1;
    });
    expect((await client.exchange(probe())).text()).toBe('ok');
  });

  it('RFC 9112 section 9.6: a client that ends its side before the response has left, and so has its request', async () => {
    fixture.upstream.reply(PROBE, () => undefined);
    const client = await fixture.connect(listener);
    const before = fixture.upstream.requests.length;
    await client.send(probe());
    const request = await until(() => fixture.upstream.requests[before]);
    const closed = new Promise((resolve) => request.socket.once('close', resolve));
    client.halfClose();
    await Promise.all([closed, client.ended()]);
    expect(client.unread).toHaveLength(0);
  });

  it('RFC 9112 section 9.6: after an error the last bytes reach the client, and no reset destroys them', async () => {
    const client = await fixture.connect(listener);
    await client.send(`${probe('POST', 'Content-Length: x')}${'a'.repeat(100_000)}`);
    expect((await client.response()).status).toBe(400);
    expect(await client.ended()).toBe('fin');
  });
});

describe('the impatient listener', () => {
  it('RFC 9110 section 15.5.9: a head that does not come to its end is answered 408, and the connection ends', async () => {
    const client = await fixture.connect('impatient');
    const response = await client.exchange('GET /probe HTTP/1.1\r\nHost: exa', {
      timeoutMs: IMPATIENCE_MS * 10,
    });
    expect([response.status, response.field('connection'), await client.ended()]).toEqual([
      408,
      'close',
      'fin',
    ]);
  });

  it('RFC 9110 section 15.5.9: a body that does not come to its end is answered 408', async () => {
    const client = await fixture.connect('impatient');
    const bytes = `${probe('POST', 'Content-Length: 50')}some`;
    expect((await client.exchange(bytes, { timeoutMs: IMPATIENCE_MS * 10 })).status).toBe(408);
  });

  it('RFC 9112 section 9.5: a connection on which nothing happens is closed, without a word', async () => {
    const client = await fixture.connect('impatient');
    expect((await client.exchange(probe())).status).toBe(200);
    expect(await client.ended(IMPATIENCE_MS * 10)).toBe('fin');
    expect(client.unread).toHaveLength(0);
  });
});
