/** Requests and responses of HTTP/2: what is malformed, what is forwarded, what comes back. */
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  frameClient,
  hpack,
  requestFields,
  until,
  type FrameClient,
  type RecordedRequest,
} from '../support/index.js';
import { startConformanceFixture, type ConformanceFixture } from './conformance-fixture.js';

type Pairs = readonly (readonly [name: string, value: string])[];

const PROTOCOL_ERROR = 1;

let fixture: ConformanceFixture;
const clients: FrameClient[] = [];

beforeAll(async () => {
  fixture = await startConformanceFixture();
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

const without = (name: string): Pairs => requestFields().filter(([field]) => field !== name);
const withPseudo = (name: string, value: string): Pairs => [[name, value], ...without(name)];

/** How the stream was refused: by RST_STREAM with an error, or by an answer of Torus. The connection serves the next request. */
const refusalOf = async (fields: Pairs, body: readonly Buffer[] = []): Promise<string> => {
  const client = await connect();
  const before = fixture.upstream.requests.length;
  await client.request(1, fields, body.length > 0 ? END_HEADERS : END_HEADERS | END_STREAM);
  await client.send(...body);
  const endOf = (stream: FrameClient) => stream.of(FRAME.rstStream, 1)[0] ?? stream.of(FRAME.data, 1)[0];
  await until(() => endOf(client) ?? client.ended);
  const end = endOf(client);
  // Newer versions of nghttp2 end the connection for some of them (RFC 9113 section 5.4.2).
  const witness = end === undefined ? await connect() : client;
  await witness.request(3, requestFields('/witness'));
  await witness.frame(FRAME.data, 3);
  const complete = fixture.upstream.requests
    .slice(before)
    .filter(({ line, wire }) => !line.includes('/witness') && wire.toString().endsWith('0\r\n\r\n'));
  expect(complete).toEqual([]);
  if (end === undefined) return 'connection';
  if (end.type === FRAME.data)
    return (JSON.parse(end.payload.toString()) as { readonly cause: string }).cause;
  return `rst-${String(end.payload.readUInt32BE(0))}`;
};

const forward = async (fields: Pairs): Promise<RecordedRequest> => {
  const client = await connect();
  await client.request(1, fields);
  await client.frame(FRAME.data, 1);
  const request = fixture.upstream.requests.at(-1);
  if (request === undefined) throw new Error('nothing reached the upstream');
  return request;
};

const RESET = `rst-${String(PROTOCOL_ERROR)}`;
const MALFORMED = 'downstream.head.malformed';

it.each<readonly [string, Pairs, string]>([
  [
    'RFC 9113 section 8.2.1: an upper-case field name is malformed',
    [...requestFields(), ['X-A', '1']],
    RESET,
  ],
  ['RFC 9113 section 8.2.2: Connection is malformed', [...requestFields(), ['connection', 'close']], RESET],
  [
    'RFC 9113 section 8.2.2: Transfer-Encoding is malformed',
    [...requestFields(), ['transfer-encoding', 'chunked']],
    RESET,
  ],
  ['RFC 9113 section 8.2.2: Upgrade is malformed', [...requestFields(), ['upgrade', 'websocket']], RESET],
  ['RFC 9113 section 8.2.2: TE beyond trailers is malformed', [...requestFields(), ['te', 'gzip']], RESET],
  [
    'RFC 9113 section 8.3: a pseudo-header field after a field is malformed',
    [['x-a', '1'], ...requestFields()],
    RESET,
  ],
  [
    'RFC 9113 section 8.3: an unknown pseudo-header field is malformed',
    [...requestFields(), [':unknown', '1']],
    RESET,
  ],
  [
    'RFC 9113 section 8.3: a pseudo-header field of a response is malformed',
    [...requestFields(), [':status', '200']],
    RESET,
  ],
  [
    'RFC 9113 section 8.3: a pseudo-header field that is there twice is malformed',
    [...requestFields(), [':path', '/b']],
    RESET,
  ],
  ['RFC 9113 section 8.3.1: a request without :method is malformed', without(':method'), RESET],
  ['RFC 9113 section 8.3.1: a request without :scheme is malformed', without(':scheme'), RESET],
  ['RFC 9113 section 8.3.1: a request without :path is malformed', without(':path'), RESET],
  ['RFC 9113 section 8.3.1: an empty :path is malformed', withPseudo(':path', ''), 'either'],
  ['RFC 9113 section 8.3.1: * as :path is for OPTIONS only', withPseudo(':path', '*'), 'either'],
  [
    'RFC 9113 section 8.3.1: userinfo in :authority is refused',
    withPseudo(':authority', 'me@localhost'),
    'either',
  ],
  [
    'RFC 9113 section 8.3.1: a Host that differs from :authority is refused',
    [...requestFields(), ['host', 'other.test']],
    MALFORMED,
  ],
  [
    'RFC 9113 section 8.3.1: a request without :authority and Host is refused',
    without(':authority'),
    'either',
  ],
  [
    'RFC 9113 section 8.5: CONNECT is refused',
    [
      [':method', 'CONNECT'],
      [':authority', 'localhost:1'],
    ],
    'downstream.head.method-unsupported',
  ],
  [
    'RFC 9113 section 10.3: a path with a line break is refused',
    withPseudo(':path', '/a\r\nHost: b'),
    'either',
  ],
])('%s', async (_title, fields, how) => {
  const refused = await refusalOf(fields);
  if (how === 'either') expect([RESET, MALFORMED]).toContain(refused);
  else expect(refused).toBe(how);
});

it.each([
  ['a name with a space', 'x a', '1'],
  ['a value with a NUL', 'x-a', 'a\0b'],
  ['a value with a line break', 'x-a', 'a\r\nx-b: 1'],
  ['a value that begins with a space', 'x-a', ' 1'],
])('RFC 9113 section 8.2.1: a field of %s goes no further', async (_title, name, value) => {
  const client = await connect();
  await client.request(1, [...requestFields('/fields'), [name, value], ['x-last', '1']]);
  const end = await until(() => client.of(FRAME.rstStream, 1)[0] ?? client.of(FRAME.data, 1)[0]);
  if (end.type === FRAME.rstStream) return;
  const request = await fixture.upstream.request('/fields');
  expect([request.values('x-a'), request.values('x a'), request.values('x-b')]).toEqual([[], [], []]);
  expect(request.values('x-last')).toEqual(['1']);
});

it.each<readonly [string, string, readonly string[]]>([
  ['RFC 9113 section 8.1.1: a body shorter than its content-length is malformed', '5', ['abc']],
  ['RFC 9113 section 8.1.1: a body longer than its content-length is malformed', '2', ['abc']],
  ['RFC 9113 section 8.1.1: a body that outgrows its content-length later is malformed', '4', ['abc', 'de']],
])('%s', async (_title, length, pieces) => {
  const fields: Pairs = [...requestFields('/probe', 'POST'), ['content-length', length]];
  const data = pieces.map((piece, index) =>
    frame(FRAME.data, index === pieces.length - 1 ? END_STREAM : 0, 1, Buffer.from(piece)),
  );
  expect([RESET, 'connection']).toContain(await refusalOf(fields, data));
});

it('RFC 9113 section 8.1: trailers that do not end the request are malformed', async () => {
  const trailers = frame(FRAME.headers, END_HEADERS, 1, hpack([['x-late', '1']]));
  const refused = await refusalOf(requestFields('/probe', 'POST'), [trailers]);
  expect([RESET, 'connection']).toContain(refused);
});

it('RFC 9113 section 8.1: a response that comes first may end the request without an error', async () => {
  const client = await connect();
  await client.request(1, requestFields('/%2e%2e/a', 'POST'), END_HEADERS);
  expect(await client.cause(1)).toBe('downstream.route.ambiguous-path');
  expect((await client.frame(FRAME.rstStream, 1)).payload.readUInt32BE(0)).toBe(0);
});

it('RFC 9113 section 8.1: trailers of a request reach the upstream', async () => {
  const client = await connect();
  await client.request(1, requestFields('/late', 'POST'), END_HEADERS);
  await client.send(
    frame(FRAME.data, 0, 1, Buffer.from('body')),
    frame(FRAME.headers, END_HEADERS | END_STREAM, 1, hpack([['x-late', '1']])),
  );
  await client.frame(FRAME.data, 1);
  expect((await fixture.upstream.request('/late')).wire.toString()).toBe(
    '4\r\nbody\r\n0\r\nx-late: 1\r\n\r\n',
  );
});

it('RFC 9113 section 8.2.3: the crumbs of a cookie are one field for an HTTP/1.1 upstream', async () => {
  const request = await forward([...requestFields(), ['cookie', 'a=1'], ['x-a', '1'], ['cookie', 'b=2']]);
  expect(request.values('cookie')).toEqual(['a=1; b=2']);
});

it('RFC 9113 section 8.3.1: :authority becomes Host, and Host may stand in its place', async () => {
  expect((await forward(requestFields())).values('host')).toEqual(['localhost']);
  expect((await forward([...without(':authority'), ['host', 'localhost']])).values('host')).toEqual([
    'localhost',
  ]);
});

it('RFC 9113 section 8.3.1: a request reaches an HTTP/1.1 upstream in origin-form', async () => {
  expect((await forward(requestFields('/a?b'))).line).toBe('GET /a?b HTTP/1.1');
  const options = await forward(requestFields('*', 'OPTIONS'));
  expect(options.line).toBe('OPTIONS * HTTP/1.1');
});

it('RFC 9113 section 8.2.2: TE is for this hop and goes no further', async () => {
  expect((await forward([...requestFields(), ['te', 'trailers']])).values('te')).toEqual([]);
});
