/** How far a request may go: Max-Forwards, TRACE, and the end of endless loops. */
import { freePort, rawClient, requestHead, startTorus } from '../support/index.js';
import {
  LISTENERS,
  causeOf,
  probe,
  startConformanceFixture,
  type ConformanceFixture,
} from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture({
    routes: [
      { name: 'all', match: { path: '/*' }, upstream: 'recorder' },
      { name: 'some', match: { path: '/some', methods: ['GET', 'OPTIONS'] }, upstream: 'recorder' },
      {
        name: 'closed',
        match: { path: '/closed' },
        filters: [{ 'ip-allow': { deny: ['127.0.0.0/8'] } }],
        upstream: 'recorder',
      },
    ],
  });
});
afterAll(() => fixture.stop());

/** As many hops as a loop has made. */
const via = (hops: number): string => `Via: 1.0 fred, ${'1.1 torus, '.repeat(hops)}1.1 torus-2`;

describe.each(LISTENERS)('%s listener', (listener) => {
  it.each([
    ['1', '0'],
    ['10', '9'],
    ['0007', '6'],
    ['999999999', '999999998'],
  ])('RFC 9110 section 7.6.2: OPTIONS with Max-Forwards %s goes on with %s', async (before, after) => {
    const request = await fixture.forward(listener, probe('OPTIONS', `Max-Forwards: ${before}`), 'OPTIONS');
    expect(request.values('max-forwards')).toEqual([after]);
  });

  it('RFC 9110 section 7.6.2: OPTIONS with Max-Forwards 0 is answered here, and the connection goes on', async () => {
    const { response, forwarded, closed } = await fixture.send(listener, probe('OPTIONS', 'Max-Forwards: 0'));
    expect([response.status, response.text(), response.field('allow')]).toEqual([200, '', undefined]);
    expect([forwarded, closed]).toEqual([[], false]);
  });

  it('RFC 9110 section 7.6.2: the answer says which methods the route has, when it says so itself', async () => {
    const { response } = await fixture.send(listener, requestHead('OPTIONS /some', 'Max-Forwards: 0'));
    expect([response.status, response.field('allow')]).toEqual([200, 'GET, OPTIONS']);
  });

  it('RFC 9110 section 7.6.2: OPTIONS * with Max-Forwards 0 is answered here', async () => {
    const { response, forwarded } = await fixture.send(listener, requestHead('OPTIONS *', 'Max-Forwards: 0'));
    expect([response.status, forwarded]).toEqual([200, []]);
  });

  it('RFC 9110 section 7.6.2: Max-Forwards 0 does not get past the filters of the route', async () => {
    const { response } = await fixture.send(listener, requestHead('OPTIONS /closed', 'Max-Forwards: 0'));
    expect([response.status, causeOf(response)]).toEqual([403, 'downstream.filter.forbidden']);
  });

  it.each(['-1', 'many', '', '1.5', '1, 2', '1\r\nMax-Forwards: 2', '9999999999'])(
    'RFC 9110 section 7.6.2: OPTIONS with Max-Forwards %j is refused',
    async (value) => {
      const { response, forwarded } = await fixture.send(
        listener,
        probe('OPTIONS', `Max-Forwards: ${value}`),
      );
      expect([response.status, causeOf(response)]).toEqual([400, 'downstream.head.malformed']);
      expect(forwarded).toEqual([]);
    },
  );

  it('RFC 9110 section 7.6.2: of other methods Max-Forwards is passed on as it came', async () => {
    const request = await fixture.forward(listener, probe('GET', 'Max-Forwards: 0'));
    expect(request.values('max-forwards')).toEqual(['0']);
  });

  it.each(['Max-Forwards: 0', 'Max-Forwards: 1', 'X-A: 1'])(
    'RFC 9110 section 9.3.8: TRACE reflects nothing (%s)',
    async (line) => {
      const { response, forwarded } = await fixture.send(listener, probe('TRACE', line, 'Cookie: id=secret'));
      expect([response.status, forwarded]).toEqual([501, []]);
      expect(response.text()).not.toContain('secret');
    },
  );

  it('RFC 9110 section 7.6: a request that names this gateway seven times in Via goes on', async () => {
    const request = await fixture.forward(listener, probe('GET', via(7)));
    expect(request.values('via')[0]).toMatch(/^1\.0 fred, 1\.1 torus, .*1\.1 torus-2, 1\.1 torus$/);
  });

  it.each([
    ['in one line', [via(8)]],
    ['in several lines', [via(4), via(4)]],
  ])(
    'RFC 9110 section 7.6: a request that names this gateway eight times in Via is in a loop (%s)',
    async (_title, lines) => {
      const { response, forwarded } = await fixture.send(listener, probe('GET', ...lines));
      expect([response.status, causeOf(response)]).toEqual([508, 'downstream.route.loop']);
      expect(forwarded).toEqual([]);
    },
  );
});

it('RFC 9110 section 7.6: a gateway that is its own upstream ends the loop after eight rounds', async () => {
  const port = await freePort();
  const address = `127.0.0.1:${String(port)}`;
  await using torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { itself: { endpoints: [`http://${address}`] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'itself' }],
    },
  });
  await using client = await rawClient({ port });
  const response = await client.exchange(requestHead('GET /round'));
  expect([response.status, causeOf(response)]).toEqual([508, 'downstream.route.loop']);
  const first = await torus.waitForLog((line) => line['path'] === '/round' && line['attempts'] === 0);
  expect(first).toMatchObject({ status: 508, cause: 'downstream.route.loop' });
  const rounds = (): number => torus.logs().filter((line) => line['path'] === '/round').length;
  await torus.waitForLog(() => rounds() === 9);
});
