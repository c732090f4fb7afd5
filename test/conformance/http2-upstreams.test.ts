/** What an HTTP/2 upstream may send and what it is sent: frames as they are, judged by what the client gets. */
import {
  END_STREAM,
  FRAME,
  rawClient,
  requestHead,
  startFrameUpstream,
  startTorus,
  until,
  type FrameServer,
  type FrameUpstream,
  type ReadResponse,
  type RunningTorus,
} from '../support/index.js';
import { causeOf } from './conformance-fixture.js';

type Pairs = readonly (readonly [name: string, value: string])[];
type Script = (server: FrameServer, stream: number, connection: number) => void;

const OK: Pairs = [[':status', '200']];
const serve: Script = (server, stream) =>
  server.send(server.head(stream, OK), server.data(stream, 'ok', END_STREAM));

let script: Script = serve;
let upstream: FrameUpstream;
let torus: RunningTorus;

beforeAll(async () => {
  upstream = await startFrameUpstream((...request) => script(...request));
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      upstreams: { main: { endpoints: [upstream.url], protocol: 'http2' } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
    },
  });
});

afterEach(() => {
  script = serve;
});

afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

const ask = async (request = 'GET /probe'): Promise<ReadResponse> => {
  const client = await rawClient({ port: torus.port('plain') });
  const response = await client.exchange(requestHead(request), { method: request.split(' ')[0]! });
  await client.close();
  return response;
};

/** The cause of the 502 that the client got for it; the next client is served. */
const refusalOf = async (answer: Script): Promise<string> => {
  script = answer;
  const response = await ask();
  script = serve;
  expect((await ask()).text()).toBe('ok');
  return `${String(response.status)} ${causeOf(response) ?? ''}`;
};

const headOf =
  (fields: Pairs): Script =>
  (server, stream) =>
    server.send(server.head(stream, fields, END_STREAM));

const MALFORMED = '502 upstream.head.malformed';

it.each<readonly [string, Pairs]>([
  ['RFC 9113 section 8.2.1: an upper-case name in a response is malformed', [...OK, ['X-A', '1']]],
  ['RFC 9113 section 8.2.2: Connection in a response is malformed', [...OK, ['connection', 'close']]],
  [
    'RFC 9113 section 8.2.2: Transfer-Encoding in a response is malformed',
    [...OK, ['transfer-encoding', 'chunked']],
  ],
  ['RFC 9113 section 8.2.2: Upgrade in a response is malformed', [...OK, ['upgrade', 'h2c']]],
  [
    'RFC 9113 section 8.3: a pseudo-header field of requests in a response is malformed',
    [...OK, [':path', '/']],
  ],
  [
    'RFC 9113 section 8.3: a pseudo-header field behind others in a response is malformed',
    [['x-a', '1'], ...OK],
  ],
  ['RFC 9113 section 8.3.2: a response without :status is malformed', [['x-a', '1']]],
  ['RFC 9113 section 8.3.2: two :status fields are malformed', [...OK, ...OK]],
  ['RFC 9113 section 8.3.2: a :status that is no status is malformed', [[':status', '99']]],
  ['RFC 9113 section 8.1: an interim response that ends the stream is malformed', [[':status', '103']]],
  [
    'RFC 9113 section 8.1.1: content-length of an empty response that is not 0 is malformed',
    [...OK, ['content-length', '5']],
  ],
  [
    'RFC 9113 section 8.1.1: two content-lengths are malformed',
    [...OK, ['content-length', '0'], ['content-length', '0']],
  ],
  ['RFC 9113 section 8.6: 101 (Switching Protocols) is malformed', [[':status', '101']]],
])('%s', async (_title, fields) => {
  expect(await refusalOf(headOf(fields))).toBe(MALFORMED);
});

it('RFC 9113 section 8.2.1: a field of a response whose value holds a line break goes no further', async () => {
  script = headOf([...OK, ['x-a', '1\r\nx-b: 2'], ['x-c', '3']]);
  const response = await ask();
  expect(['x-a', 'x-b', 'x-c'].map((name) => response.field(name))).toEqual([undefined, undefined, '3']);
});

it('RFC 9113 section 8.1: trailers of a response with a pseudo-header field are malformed', async () => {
  script = (server, stream) =>
    server.send(
      server.head(stream, OK),
      server.data(stream, 'part'),
      server.head(stream, [[':status', '200']], END_STREAM),
    );
  const response = await ask();
  expect(response.status === 200 && response.end === 'complete').toBe(false);
});

it.each([
  [
    'RFC 9113 section 8.1.1: a response body that is shorter than its content-length never looks complete',
    'abc',
  ],
  [
    'RFC 9113 section 8.1.1: a response body that is longer than its content-length never looks complete',
    'abcdefgh',
  ],
])('%s', async (_title, text) => {
  script = (server, stream) => {
    server.send(server.head(stream, [...OK, ['content-length', '5']]), server.data(stream, text, END_STREAM));
  };
  const response = await ask();
  expect(response.status === 200 && response.end === 'complete').toBe(false);
});

it('RFC 9113 section 8.1: RST_STREAM without an error behind a whole response takes nothing from it', async () => {
  script = (server, stream) => {
    server.send(server.head(stream, OK), server.data(stream, 'early', END_STREAM), server.reset(stream, 0));
  };
  const client = await rawClient({ port: torus.port('plain') });
  // The request is not complete yet, and need not be.
  await client.send(`${requestHead('POST /probe', 'Content-Length: 10')}12345`);
  const response = await client.response();
  expect([response.status, response.text(), response.end]).toEqual([200, 'early', 'complete']);
  await client.close();
});

it('RFC 9113 section 8.1: interim responses come before the final one', async () => {
  script = (server, stream) => {
    server.send(
      server.head(stream, [
        [':status', '103'],
        ['link', '</a>'],
      ]),
    );
    serve(server, stream, 0);
  };
  const response = await ask();
  expect([response.interim.map(({ status }) => status), response.text()]).toEqual([[103], 'ok']);
});

it('RFC 9113 section 8.7: a request that is refused by REFUSED_STREAM is sent again, POST too', async () => {
  let refused = 0;
  script = (server, stream) => {
    if ((refused += 1) === 1) server.send(server.reset(stream, 7));
    else serve(server, stream, 0);
  };
  expect((await ask('POST /probe')).text()).toBe('ok');
});

it('RFC 9113 section 8.7: a request that GOAWAY leaves out is sent again, POST too', async () => {
  let asked = 0;
  script = (server, stream) => {
    if ((asked += 1) === 1) server.send(server.goaway(stream - 2 < 0 ? 0 : stream - 2));
    else serve(server, stream, 0);
  };
  expect((await ask('POST /probe')).text()).toBe('ok');
});

it('RFC 9113 section 6.8: no request is sent on a connection after GOAWAY', async () => {
  expect((await ask()).text()).toBe('ok');
  const old = upstream.connections.at(-1)!;
  const before = old.frames.filter(({ type }) => type === FRAME.headers).length;
  old.send(old.goaway(2 ** 31 - 1));
  await until(() => old.socket.destroyed || old.socket.readableEnded);
  expect((await ask()).text()).toBe('ok');
  expect(old.frames.filter(({ type }) => type === FRAME.headers).length).toBe(before);
});

it('RFC 9113 section 3.4: an upstream is sent SETTINGS first', () => {
  const [first] = upstream.connections[0]!.frames;
  expect(first!.type).toBe(FRAME.settings);
  // ENABLE_PUSH (2) is 0: RFC 9113 section 8.4.
  expect(first!.payload.includes(Buffer.from([0, 2, 0, 0, 0, 0]))).toBe(true);
});
