/** What is meant for one connection stays on it. */
import { LISTENERS, probe, startConformanceFixture, type ConformanceFixture } from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const respond = (...lines: readonly string[]): string =>
  ['HTTP/1.1 200 OK', ...lines, 'Content-Length: 2', '', 'ok'].join('\r\n');

const HOP_FIELDS = ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: trailers', 'Upgrade: h2c'];

describe.each(LISTENERS)('%s listener', (listener) => {
  it.each([
    ['in one line', ['Connection: X-Hop, X-Other']],
    ['in two lines', ['Connection: X-Hop', 'Connection: X-Other']],
    ['in another case', ['connection: x-hOP,x-OTHER']],
    ['among empty members', ['Connection: ,, X-Hop ,\t, X-Other,']],
    ['beside close', ['Connection: close, X-Hop, X-Other']],
  ])(
    'RFC 9110 section 7.6.1: fields named in Connection %s go no further, both ways',
    async (_title, lines) => {
      const fields = ['X-Hop: 1', 'X-Other: 2', 'X-Stay: 3', ...lines];
      const request = await fixture.forward(listener, probe('GET', ...fields));
      expect([request.values('x-hop'), request.values('x-other'), request.values('x-stay')]).toEqual([
        [],
        [],
        ['3'],
      ]);
      const { response } = await fixture.relay(listener, respond(...fields));
      expect([response.field('x-hop'), response.field('x-other'), response.field('x-stay')]).toEqual([
        undefined,
        undefined,
        '3',
      ]);
    },
  );

  it('RFC 9110 section 7.6.1: Connection itself goes no further, both ways', async () => {
    expect((await fixture.forward(listener, probe('GET', 'Connection: X-A'))).values('connection')).toEqual(
      [],
    );
    expect(
      (await fixture.relay(listener, respond('Connection: X-A'))).response.field('connection'),
    ).toBeUndefined();
  });

  it.each(HOP_FIELDS)(
    'RFC 9110 section 7.6.1: %s goes no further even where Connection does not name it',
    async (line) => {
      const name = line.slice(0, line.indexOf(':'));
      expect((await fixture.forward(listener, probe('GET', line))).values(name)).toEqual([]);
      expect((await fixture.relay(listener, respond(line))).response.field(name)).toBeUndefined();
    },
  );

  it.each(['X-Forwarded-For', 'X-Forwarded-Proto', 'Via', 'X-Request-Id', 'Host'])(
    'RFC 9110 section 7.6.1: naming %s in Connection does not take away what the gateway adds',
    async (name) => {
      const request = await fixture.forward(listener, probe('GET', `Connection: ${name}`));
      expect(request.values(name)).toHaveLength(1);
    },
  );

  it('RFC 9110 section 10.1.4: TE goes no further, whether Connection names it or not', async () => {
    const request = await fixture.forward(
      listener,
      probe('GET', 'Connection: TE', 'TE: trailers, gzip;q=0.5'),
    );
    expect(request.values('te')).toEqual([]);
  });

  it('RFC 9110 section 11.7.2: Proxy-Authorization, which is for a proxy, goes no further', async () => {
    const request = await fixture.forward(listener, probe('GET', 'Proxy-Authorization: Basic eDp5'));
    expect(request.values('proxy-authorization')).toEqual([]);
  });

  it('RFC 9110 section 6.6.2: Trailer goes on only with a body in chunks', async () => {
    const plain = await fixture.forward(listener, probe('GET', 'Trailer: X-Sum'));
    const chunks = `${probe('POST', 'Trailer: X-Sum', 'Transfer-Encoding: chunked')}0\r\nX-Sum: 1\r\n\r\n`;
    const chunked = await fixture.forward(listener, chunks);
    expect([plain.values('trailer'), chunked.values('trailer')]).toEqual([[], ['X-Sum']]);
  });
});
