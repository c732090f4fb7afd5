/** CONNECT over HTTP/1.1 and HTTP/2, and extended CONNECT (RFC 8441), frame by frame. */
import { createHash } from 'node:crypto';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  frameClient,
  hpack,
  requestHead,
  until,
  type FrameClient,
  type RecordedRequest,
} from '../support/index.js';
import { startConformanceFixture, type ConformanceFixture } from './conformance-fixture.js';

type Pairs = readonly (readonly [name: string, value: string])[];

const ENABLE_CONNECT_PROTOCOL = 8;
const CANCEL = 8;

let fixture: ConformanceFixture;
const clients: FrameClient[] = [];

beforeAll(async () => {
  const route = { match: { path: '/*' }, upstream: 'recorder' };
  fixture = await startConformanceFixture({
    routes: [
      { name: 'all', ...route },
      { name: 'db', ...route, match: { host: 'db.test', path: '/*' }, connect: true },
    ],
  });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await fixture.stop();
});

const connect = async (): Promise<FrameClient> => {
  const client = await frameClient({ port: fixture.torus.port('secure') });
  clients.push(client);
  return client;
};

const extended = (path = '/socket', protocol = 'websocket'): Pairs => [
  [':method', 'CONNECT'],
  [':protocol', protocol],
  [':scheme', 'https'],
  [':path', path],
  [':authority', 'localhost'],
  ['sec-websocket-version', '13'],
];

/** Switches as RFC 6455 wants it, then gives the socket to the test. */
const switchTo = (path: string): Promise<RecordedRequest> => {
  fixture.upstream.reply(path, (request) => {
    const [key = ''] = request.values('sec-websocket-key');
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    request.socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
  });
  return fixture.upstream.request(path);
};

const open = async (path: string): Promise<{ client: FrameClient; request: RecordedRequest }> => {
  const client = await connect();
  const reaching = switchTo(path);
  await client.request(1, extended(path), END_HEADERS);
  const request = await reaching;
  await client.frame(FRAME.headers, 1);
  return { client, request };
};

it('RFC 8441 section 3: SETTINGS_ENABLE_CONNECT_PROTOCOL is sent with the value 1', async () => {
  const { payload } = await (await connect()).frame(FRAME.settings);
  const settings = Array.from({ length: payload.length / 6 }, (_entry, at) => [
    payload.readUInt16BE(at * 6),
    payload.readUInt32BE(at * 6 + 2),
  ]);
  expect(settings).toContainEqual([ENABLE_CONNECT_PROTOCOL, 1]);
});

it('RFC 8441 section 4: :scheme, :path and :authority of an extended CONNECT are those of the request', async () => {
  const { request } = await open('/socket/a');
  expect([request.line, request.values('host')]).toEqual(['GET /socket/a HTTP/1.1', ['localhost']]);
});

it.each([':scheme', ':path', ':authority'])(
  'RFC 8441 section 4: an extended CONNECT without %s is malformed',
  async (missing) => {
    const client = await connect();
    const before = fixture.upstream.requests.length;
    await client.request(
      1,
      extended().filter(([name]) => name !== missing),
      END_HEADERS,
    );
    await until(() => client.of(FRAME.rstStream, 1)[0] ?? client.of(FRAME.data, 1)[0] ?? client.ended);
    expect(fixture.upstream.requests).toHaveLength(before);
  },
);

it('RFC 8441 section 4: :protocol in a request of another method is malformed', async () => {
  const client = await connect();
  const before = fixture.upstream.requests.length;
  const fields = extended().map(([name, value]) => [name, name === ':method' ? 'GET' : value] as const);
  await client.request(1, fields, END_HEADERS | END_STREAM);
  await until(() => client.of(FRAME.rstStream, 1)[0] ?? client.of(FRAME.data, 1)[0] ?? client.ended);
  expect(fixture.upstream.requests).toHaveLength(before);
});

it('RFC 8441 section 4: a protocol that is not spoken is refused with 501, and no tunnel begins', async () => {
  const client = await connect();
  await client.request(1, extended('/socket/b', 'connect-udp'), END_HEADERS);
  expect(await client.cause(1)).toBe('downstream.route.upgrade-refused');
});

it('RFC 8441 section 5: the handshake fields of HTTP/1.1 are made by the gateway, those that carry meaning pass', async () => {
  const client = await connect();
  const reaching = switchTo('/socket/c');
  const more: Pairs = [
    ['sec-websocket-key', 'AAAA'],
    ['sec-websocket-protocol', 'chat'],
    ['sec-websocket-extensions', 'permessage-deflate'],
    ['origin', 'https://example.test'],
  ];
  await client.request(1, [...extended('/socket/c'), ...more], END_HEADERS);
  const request = await reaching;
  expect(['connection', 'upgrade', 'sec-websocket-version'].map((name) => request.values(name)[0])).toEqual([
    'upgrade',
    'websocket',
    '13',
  ]);
  expect(request.values('sec-websocket-key').map((key) => Buffer.from(key, 'base64').length)).toEqual([16]);
  expect(
    ['sec-websocket-protocol', 'sec-websocket-extensions', 'origin'].map((name) => request.values(name)[0]),
  ).toEqual(['chat', 'permessage-deflate', 'https://example.test']);
  const { payload } = await client.frame(FRAME.headers, 1);
  expect(payload.toString('latin1')).not.toMatch(/upgrade|sec-websocket-accept/i);
});

it('RFC 8441 section 5: DATA frames carry the bytes of the WebSocket connection, each way', async () => {
  const { client, request } = await open('/socket/d');
  let heard = '';
  request.socket.removeAllListeners('data').on('data', (chunk: Buffer) => (heard += chunk.toString()));
  await client.send(
    frame(FRAME.data, 0, 1, Buffer.from('client')),
    frame(FRAME.data, 0, 1, Buffer.from(' says')),
  );
  await until(() => heard === 'client says');
  request.socket.write('server says');
  expect(String((await client.frame(FRAME.data, 1)).payload)).toBe('server says');
});

it('RFC 8441 section 5: an orderly close is END_STREAM, on both sides', async () => {
  const { client, request } = await open('/socket/e');
  request.socket.removeAllListeners('data').resume();
  await client.send(frame(FRAME.data, END_STREAM, 1));
  await until(() => request.socket.readableEnded);
  await until(() => client.of(FRAME.data, 1).some(({ flags }) => (flags & END_STREAM) !== 0));
});

it('RFC 8441 section 5: a reset connection is RST_STREAM with CANCEL', async () => {
  const { client, request } = await open('/socket/f');
  request.socket.resetAndDestroy();
  expect((await client.frame(FRAME.rstStream, 1)).payload.readUInt32BE(0)).toBe(CANCEL);
});

it('RFC 9113 section 8.5: CONNECT that a route takes is answered 200, and DATA goes to the upstream', async () => {
  const client = await connect();
  const fields: Pairs = [
    [':method', 'CONNECT'],
    [':authority', 'db.test:5432'],
  ];
  await client.request(1, fields, END_HEADERS);
  await client.frame(FRAME.headers, 1);
  // The recorder reads HTTP, as a tunnel may carry.
  await client.send(frame(FRAME.data, 0, 1, Buffer.from(requestHead('GET /inside'))));
  const request = await fixture.upstream.request('/inside');
  expect(request.head).toBe('GET /inside HTTP/1.1\r\nHost: example.test');
  expect(String((await client.frame(FRAME.data, 1)).payload)).toContain('200 OK');
  await client.send(frame(FRAME.data, END_STREAM, 1));
  await until(() => client.of(FRAME.data, 1).some(({ flags }) => (flags & END_STREAM) !== 0));
});

it.each([':scheme', ':path'])('RFC 9113 section 8.5: CONNECT with %s is malformed', async (name) => {
  const client = await connect();
  const fields: Pairs = [
    [':method', 'CONNECT'],
    [name, name === ':path' ? '/' : 'https'],
    [':authority', 'db.test:5432'],
  ];
  await client.send(frame(FRAME.headers, END_HEADERS, 1, hpack(fields)));
  await until(() => client.of(FRAME.rstStream, 1)[0] ?? client.of(FRAME.data, 1)[0] ?? client.ended);
  expect(client.of(FRAME.rstStream, 1).length + client.of(FRAME.data, 1).length).toBeGreaterThan(0);
});

describe.each(['plain', 'secure'] as const)('over a %s listener', (listener) => {
  it('RFC 9110 section 9.3.6: CONNECT that a route takes is answered with a 2xx without content, and a tunnel', async () => {
    const client = await fixture.connect(listener);
    const response = await client.exchange(requestHead('CONNECT db.test:5432'), { method: 'CONNECT' });
    expect(response.status).toBe(200);
    expect(['content-length', 'transfer-encoding'].map((name) => response.field(name))).toEqual([
      undefined,
      undefined,
    ]);
    expect((await client.exchange(requestHead('GET /in-tunnel'))).text()).toBe('ok');
    expect((await fixture.upstream.request('/in-tunnel')).values('via')).toEqual([]);
  });

  it.each(['db.test', '/db.test:5432', 'http://db.test:5432', 'db.test:', 'me@db.test:5432'])(
    'RFC 9112 section 3.2.3: CONNECT to %s, which is not authority-form, is refused',
    async (target) => {
      const { response, forwarded } = await fixture.send(
        listener,
        `CONNECT ${target} HTTP/1.1\r\nHost: db.test\r\n\r\n`,
      );
      expect([response.status, forwarded.length]).toEqual([400, 0]);
    },
  );
});
