/** HTTP/2 endpoints that break the protocol of a whole connection: nobody waits for them, and nothing more is sent there. */
import {
  FRAME,
  accessLine,
  frame,
  metricSum,
  startFrameUpstream,
  until,
  whenNothingIsOpen,
  type FrameServer,
  type FrameUpstream,
} from '../../support/index.js';
import { CLIENTS, startGateway, type Gateway } from './gateway.js';

const OK: readonly (readonly [string, string])[] = [[':status', '200']];
const UNDECODABLE = Buffer.from('ffffffffff', 'hex');

type Script = (server: FrameServer, stream: number) => void;

const serve: Script = (server, stream) => server.send(server.head(stream, OK), server.data(stream, 'ok', 1));
let script: Script = serve;
let upstream: FrameUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = await startFrameUpstream((server, stream) => script(server, stream));
  gateway = await startGateway({
    upstreams: { main: { endpoints: [upstream.url], protocol: 'http2', outlierEjection: false } },
    // Whoever waits for one of these fails.
    route: { timeouts: { responseHead: '60s', idle: '60s' } },
  });
});

afterEach(async () => {
  script = serve;
  await gateway.closeClients();
  for (const { socket } of upstream.connections) socket.destroy();
  await whenNothingIsOpen(gateway.torus);
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
});

const faultsBefore = (): Promise<number> =>
  metricSum(gateway.torus, 'torus_sockets_closed_total', { side: 'upstream', reason: 'protocol-error' });

const FAULTS: readonly (readonly [how: string, fault: (stream: number) => Buffer])[] = [
  ['a head that cannot be decompressed', (stream) => frame(FRAME.headers, 5, stream, UNDECODABLE)],
  ['padding longer than its frame', (stream) => frame(FRAME.data, 8, stream, Buffer.from([200, 1, 2]))],
  ['a body for no stream', () => frame(FRAME.data, 0, 0, Buffer.from('abc'))],
  ['a frame above the limit', (stream) => frame(FRAME.data, 0, stream, Buffer.alloc(20_000))],
];

describe.each(CLIENTS)('an endpoint that breaks its connection (client %s)', (client) => {
  it.each(FAULTS)('by %s: 502 at once, and the next request has a new connection', async (how, fault) => {
    const connections = upstream.connections.length;
    const faults = await faultsBefore();
    script = (server, stream) => server.send(fault(stream));
    const path = `/main/${client}/${how.replaceAll(' ', '-')}`;
    const answer = await gateway.ask(client, path);
    expect([answer.status, answer.cause]).toEqual([502, 'upstream.head.malformed']);
    expect((await accessLine(gateway.torus, path))['detail']).toBe('connection-error');
    script = serve;
    expect((await gateway.ask(client, '/main/next')).status).toBe(200);
    expect(upstream.connections.length).toBe(connections + 2);
    expect(await faultsBefore()).toBe(faults + 1);
  });

  it('inside a response: what came never looks complete', async () => {
    script = (server, stream) => {
      server.send(server.head(stream, OK), server.data(stream, 'part of it'));
      setTimeout(() => server.send(frame(FRAME.headers, 5, stream, UNDECODABLE)), 50);
    };
    const path = `/main/${client}/part`;
    const answer = await gateway.ask(client, path);
    expect([answer.status, answer.complete]).toEqual([200, false]);
    expect((await accessLine(gateway.torus, path))['cause']).toBe('upstream.body.malformed');
  });
});

it('an idle connection that is broken is closed, and not used again', async () => {
  const faults = await faultsBefore();
  const connections = upstream.connections.length;
  expect((await gateway.ask('http1', '/main/first')).status).toBe(200);
  upstream.connections.at(-1)!.send(frame(FRAME.data, 0, 0, Buffer.from('abc')));
  await until(async () => (await faultsBefore()) === faults + 1);
  expect((await gateway.ask('http1', '/main/second')).status).toBe(200);
  expect(upstream.connections.length).toBe(connections + 2);
});
