/** Upgrade: a tunnel only when client, route and upstream all want it, and only after a valid 101. */
import { requestHead } from '../support/index.js';
import {
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

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket'];
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe.each(LISTENERS)('%s listener', (listener) => {
  beforeEach(() => fixture.upstream.reply(PROBE, OK));

  it('RFC 9110 section 7.8: an upgrade that the route allows is forwarded, and a tunnel begins after 101', async () => {
    fixture.upstream.reply(PROBE, ({ socket }) => {
      socket.removeAllListeners('data');
      socket.on('data', (bytes: Buffer) => socket.write(bytes));
      socket.write(`${SWITCHING}hello`);
    });
    const client = await fixture.connect(listener);
    await client.send(probe('GET', ...UPGRADE));
    const head = (await client.readUntil('\r\n\r\n')).toString('latin1');
    expect(head).toMatch(/^HTTP\/1\.1 101 .*\r\n/);
    expect(head.toLowerCase()).toContain('\r\nconnection: upgrade\r\n');
    expect(head.toLowerCase()).toContain('\r\nupgrade: websocket\r\n');
    await client.readUntil('hello');
    await client.send('GET /not-http');
    await client.readUntil('GET /not-http');
    const request = await fixture.upstream.request(PROBE);
    expect([request.values('connection'), request.values('upgrade')]).toEqual([['upgrade'], ['websocket']]);
  });

  it.each([
    ['a protocol that the route does not allow', 'GET', ['Connection: Upgrade', 'Upgrade: h2c']],
    ['a list of protocols', 'GET', ['Connection: Upgrade', 'Upgrade: websocket, h2c']],
    ['Upgrade that Connection does not name', 'GET', ['Upgrade: websocket']],
    ['Connection: Upgrade alone', 'GET', ['Connection: Upgrade']],
    ['a method other than GET', 'POST', UPGRADE],
  ])('RFC 9110 section 7.8: %s is served as plain HTTP', async (_title, method, lines) => {
    const request = await fixture.forward(listener, probe(method, ...lines));
    expect([request.values('upgrade'), request.values('connection')]).toEqual([[], []]);
  });

  it.each([
    ['that nobody asked for', [], SWITCHING],
    ['to another protocol', UPGRADE, SWITCHING.replace('websocket', 'h2c')],
    ['without Upgrade', UPGRADE, SWITCHING.replace('Upgrade: websocket\r\n', '')],
    ['without Connection', UPGRADE, SWITCHING.replace('Connection: Upgrade\r\n', '')],
  ])(
    'RFC 9110 section 15.2.2: a 101 %s is answered 502, and no tunnel begins',
    async (_title, lines, answer) => {
      fixture.upstream.reply(PROBE, `${answer}raw bytes`);
      const { response, forwarded } = await fixture.send(listener, probe('GET', ...lines));
      expect([response.status, forwarded.length]).toEqual([502, 1]);
    },
  );

  it('RFC 9110 section 7.8: after a refused upgrade the next bytes are the next request, routed like any other', async () => {
    fixture.upstream.reply(PROBE, OK.replace('200 OK', '403 Forbidden'));
    const client = await fixture.connect(listener);
    await client.send(`${probe('GET', ...UPGRADE)}${requestHead('GET /second')}`);
    expect([(await client.response()).status, (await client.response()).status]).toEqual([403, 200]);
    const [first, second] = fixture.upstream.requests.slice(-2);
    expect([second?.line, second?.values('via')]).toEqual(['GET /second HTTP/1.1', ['1.1 torus']]);
    expect(second?.connection).not.toBe(first?.connection);
  });

  it('RFC 9110 section 15.5.22: a 426 says what to upgrade to', async () => {
    const { response } = await fixture.relay(
      listener,
      'HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n',
    );
    expect([response.status, response.field('upgrade')]).toEqual([426, 'websocket']);
  });
});
