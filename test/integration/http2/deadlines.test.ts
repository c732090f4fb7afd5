/** Connections that ask for nothing, and bodies that grow past the limit of their route. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  accessLine,
  FRAME,
  frame,
  http2Ask,
  metricSum,
  rawClient,
  requestFields,
  startHttpUpstream,
  until,
} from '../../support/index.js';
import { startHttp2Fixture, type Http2Fixture } from './http2-fixture.js';

const IDLE_MS = 800;
const NO_ERROR = 0;

let fixture: Http2Fixture;
let complete = 0;

beforeAll(async () => {
  const upstream = await startHttpUpstream((request, response) => {
    request.resume();
    request.on('end', () => {
      complete += 1;
      response.end('now');
    });
  });
  const idle = `${String(IDLE_MS)}ms`;
  fixture = await startHttp2Fixture(upstream, {
    listener: { timeouts: { requestHead: idle, keepAlive: idle } },
    route: { filters: [{ 'body-limit': { max: '100KiB' } }] },
  });
});
afterAll(() => fixture.stop());

const idleClosed = (owner: string): Promise<number> =>
  metricSum(fixture.torus, 'torus_sockets_closed_total', { owner, reason: 'idle' });

it('a plain connection that says nothing, or not enough to know its protocol, is closed', async () => {
  for (const bytes of ['', 'PR']) {
    const before = await idleClosed('plain');
    const client = await rawClient({ port: fixture.torus.port('plain') });
    await client.send(bytes);
    await client.ended();
    await client.close();
    await until(async () => (await idleClosed('plain')) === before + 1);
  }
});

describe.each(['secure', 'plain'] as const)('%s', (listener) => {
  const frames = (preface = true) =>
    fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure', preface });

  it.each([
    ['before its first request', false],
    ['after a request', true],
  ])('an idle connection is closed with GOAWAY %s, whatever it pings and sets', async (_title, asks) => {
    const before = await idleClosed(listener);
    const client = await frames();
    if (asks) {
      await client.request(1, requestFields('/now'));
      await client.frame(FRAME.data, 1);
    }
    const since = performance.now();
    while (!client.ended && performance.now() - since < 5 * IDLE_MS) {
      await client.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)), frame(FRAME.settings));
      await delay(IDLE_MS / 8);
    }
    expect(await client.goaway()).toBe(NO_ERROR);
    await client.close();
    await until(async () => (await idleClosed(listener)) === before + 1);
  });

  it.each([
    ['that says so', { 'content-length': '200000' }],
    ['that does not', {}],
  ])(
    'a body too large for its route %s is answered 413, and never complete upstream',
    async (title, fields) => {
      const before = complete;
      const session = await fixture.session(listener);
      const path = `/${listener}-${title.replaceAll(' ', '-')}`;
      const answer = await http2Ask(session, { ':path': path, ...fields }, Buffer.alloc(200_000));
      expect(answer.status).toBe(413);
      expect((await accessLine(fixture.torus, path))['cause']).toBe('downstream.filter.too-large');
      expect((await http2Ask(session, { ':path': '/now' })).text()).toBe('now');
      expect(complete).toBe(before + 1);
    },
  );
});
