/** Interim responses, and the expectation that asks for one. */
import { requestHead } from '../support/index.js';
import {
  LISTENERS,
  PROBE,
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

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EXPECTING = probe('POST', 'Expect: 100-continue', 'Content-Length: 5');

describe.each(LISTENERS)('%s listener', (listener) => {
  beforeEach(() => fixture.upstream.reply(PROBE, OK));

  it('RFC 9110 section 10.1.1: 100-continue is forwarded, and the 100 of the upstream is relayed', async () => {
    fixture.upstream.reply(PROBE, ({ socket }) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 'head');
    const client = await fixture.connect(listener);
    await client.send(EXPECTING);
    await client.readUntil('HTTP/1.1 100 Continue\r\n\r\n');
    const request = await fixture.upstream.request(PROBE);
    expect([request.values('expect'), request.wire.length]).toEqual([['100-continue'], 0]);
    await client.send('hello');
    request.socket.write(OK);
    expect((await client.response()).text()).toBe('ok');
  });

  it('RFC 9110 section 10.1.1: the gateway says no 100 of its own; a final status comes at once', async () => {
    const answer = 'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    fixture.upstream.reply(PROBE, ({ socket }) => void socket.write(answer), 'head');
    const client = await fixture.connect(listener);
    const response = await client.exchange(EXPECTING);
    expect([response.status, response.interim]).toEqual([417, []]);
  });

  it('RFC 9110 section 10.1.1: an expectation without a body expects nothing', async () => {
    expect((await fixture.forward(listener, probe('GET', 'Expect: 100-continue'))).values('expect')).toEqual(
      [],
    );
  });

  it.each(['nonsense', '100-continue, x', '200-ok'])(
    'RFC 9110 section 10.1.1: the expectation %j is answered 417',
    async (value) => {
      expect(await fixture.judge(listener, probe('GET', `Expect: ${value}`))).toEqual(refusal(417));
    },
  );

  it.each([102, 103, 110, 199])(
    'RFC 9110 section 15.2: %d is relayed before the final response',
    async (status) => {
      const { response } = await fixture.relay(
        listener,
        `HTTP/1.1 ${String(status)} Soon\r\nLink: </a>\r\n\r\n${OK}`,
      );
      expect([response.status, response.interim.map((one) => one.status), response.text()]).toEqual([
        200,
        [status],
        'ok',
      ]);
    },
  );

  it('RFC 9110 section 15.2: several interim responses are relayed in order', async () => {
    const hint = (name: string): string => `HTTP/1.1 103 Early Hints\r\nLink: <${name}>\r\n\r\n`;
    const { response } = await fixture.relay(listener, `${hint('/a')}${hint('/b')}${OK}`);
    expect(response.interim.map(({ fields }) => fields)).toEqual([[['Link', '</a>']], [['Link', '</b>']]]);
  });

  it('RFC 9110 section 15.2: an endless run of interim responses is cut with 502', async () => {
    const { response } = await fixture.relay(listener, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100));
    expect(response.status).toBe(502);
  });

  it('RFC 9110 section 15.2: an interim response without a final one is answered 502', async () => {
    const { response } = await fixture.relay(
      listener,
      (socket) => void socket.end('HTTP/1.1 103 Early Hints\r\n\r\n'),
    );
    expect(response.status).toBe(502);
  });

  it('RFC 9110 section 8.6: an interim response carries neither Content-Length nor Transfer-Encoding', async () => {
    const { response } = await fixture.relay(
      listener,
      `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nX-A: 1\r\n\r\n${OK}`,
    );
    expect(response.interim.map(({ fields }) => fields)).toEqual([[['X-A', '1']]]);
    expect(
      (await fixture.connect(listener).then((client) => client.exchange(requestHead('GET /after')))).text(),
    ).toBe('ok');
  });
});
