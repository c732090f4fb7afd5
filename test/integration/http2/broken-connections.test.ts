/** Clients that break the protocol of a connection, or never finish a head: what ran ends, nothing is held, and it is told. */
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  accessLine,
  frame,
  hpack,
  ledgerOf,
  metricSum,
  requestFields,
  startHttpUpstream,
  until,
  whenNothingIsOpen,
  type FrameClient,
  type LogLine,
} from '../../support/index.js';
import { startHttp2Fixture, type Http2Fixture, type ListenerName } from './http2-fixture.js';

const LISTENERS = ['secure', 'plain'] as const;
const FAULTS: readonly (readonly [title: string, bytes: Buffer])[] = [
  [
    'a head that cannot be decompressed',
    frame(FRAME.headers, END_STREAM | END_HEADERS, 3, Buffer.from('ffffffffff', 'hex')),
  ],
  ['a body for a stream that was never opened', frame(FRAME.data, 0, 5, Buffer.from('abc'))],
  ['padding longer than its frame', frame(FRAME.data, 8, 1, Buffer.from([200, 1, 2]))],
];

let fixture: Http2Fixture;
let waiting = 0;

beforeAll(async () => {
  const upstream = await startHttpUpstream((request, response) => {
    request.resume();
    if (request.url?.startsWith('/wait') !== true) {
      response.end('ok');
      return;
    }
    waiting += 1;
    response.on('close', () => (waiting -= 1));
    if (request.url.endsWith('begun')) response.write('begun');
  });
  fixture = await startHttp2Fixture(upstream, {
    listener: { timeouts: { requestHead: '1s', keepAlive: '60s', writeGap: '60s' } },
    route: { timeouts: { responseHead: '60s', idle: '60s' }, retry: false },
  });
});
afterEach(() => fixture.comeToRest());
afterAll(() => fixture.stop());

const connect = (listener: ListenerName): Promise<FrameClient> =>
  fixture.frames({ port: fixture.torus.port(listener), tls: listener === 'secure' });
const closedFor = (reason: string): Promise<number> =>
  metricSum(fixture.torus, 'torus_sockets_closed_total', { side: 'downstream', reason });
const rejected = (): Promise<number> =>
  metricSum(fixture.torus, 'torus_rejected_requests_total', { cause: 'downstream.head.malformed' });

describe.each(LISTENERS)('a connection that the client has broken (%s)', (listener) => {
  it.each(FAULTS)('by %s ends, and everything on it', async (title, bytes) => {
    const before = await closedFor('protocol-error');
    const client = await connect(listener);
    const path = `/wait/${listener}/${title.replaceAll(' ', '-')}`;
    await client.request(1, requestFields(path));
    await until(() => waiting === 1);
    await client.send(bytes);
    // The client keeps its side open: nothing but the fault tells that it is over.
    expect(await client.goaway()).toBeGreaterThan(0);
    await until(() => waiting === 0);
    expect(await accessLine(fixture.torus, path)).toMatchObject({
      cause: 'downstream.wait.aborted',
      detail: 'protocol-error',
      status: 0,
    });
    expect(await closedFor('protocol-error')).toBe(before + 1);
    await whenNothingIsOpen(fixture.torus);
  });

  it('ends a response that had begun as one that was broken off', async () => {
    const client = await connect(listener);
    const path = `/wait/${listener}/begun`;
    await client.request(1, requestFields(path));
    await client.frame(FRAME.data, 1);
    await client.send(FAULTS[0]![1]);
    expect(await client.goaway()).toBeGreaterThan(0);
    expect(await accessLine(fixture.torus, path)).toMatchObject({
      cause: 'downstream.response.aborted',
      detail: 'protocol-error',
    });
  });

  it('is let go of when the client leaves right after', async () => {
    const client = await connect(listener);
    await client.request(1, requestFields(`/wait/${listener}/left`));
    await until(() => waiting === 1);
    await client.send(FAULTS[0]![1]);
    await client.frame(FRAME.goaway);
    await client.close();
    await until(() => waiting === 0);
    await until(async () => (await ledgerOf(fixture.torus)).downstream === 0);
  });
});

it.each(LISTENERS)(
  'a connection whose exchanges wait for long is not taken for a broken one (%s)',
  async (listener) => {
    const client = await connect(listener);
    await client.request(1, requestFields(`/wait/${listener}/begun`));
    await client.frame(FRAME.data, 1);
    const audits = 4;
    const since = performance.now();
    await until(() => performance.now() - since > audits * 1_000, 10_000);
    await client.request(3, requestFields(`/now`));
    await client.frame(FRAME.data, 3);
    expect(client.of(FRAME.goaway)).toEqual([]);
  },
);

describe('a request that nghttp2 refuses by itself', () => {
  it.each([
    ['without :method', requestFields().slice(1)],
    ['with a field of HTTP/1.1', [...requestFields(), ['connection', 'close'] as const]],
    ['with a field name in upper case', [...requestFields(), ['X-Upper', '1'] as const]],
  ])('%s is logged and counted, as over HTTP/1.1', async (_title, fields) => {
    const before = await rejected();
    const client = await connect('plain');
    await client.request(1, fields);
    expect((await client.frame(FRAME.rstStream, 1)).payload.readUInt32BE(0)).toBe(1);
    await until(async () => (await rejected()) === before + 1);
    const line = await fixture.torus.waitForLog(
      (at) => at['cause'] === 'downstream.head.malformed' && at['listener'] === 'plain',
    );
    expect(line).toMatchObject({ msg: 'access', client: '127.0.0.1', detail: 'http2', status: 400 });
  });

  it('is counted when the connection ends with it', async () => {
    const before = await rejected();
    const client = await connect('plain');
    await client.request(1, requestFields().slice(1));
    await client.frame(FRAME.rstStream, 1);
    await client.close();
    await until(async () => (await rejected()) === before + 1);
  });
});

it.each(LISTENERS)(
  'a head that is not finished in its time ends an idle connection (%s)',
  async (listener) => {
    const before = await rejected();
    const client = await connect(listener);
    await client.request(1, requestFields('/half'), END_STREAM);
    const since = performance.now();
    expect(await client.goaway()).toBe(0);
    expect(performance.now() - since).toBeGreaterThan(900);
    await until(async () => (await rejected()) === before + 1);
  },
);

it('a head whose pieces come slowly, but in time, is served', async () => {
  const before = await rejected();
  const client = await connect('plain');
  const block = hpack(requestFields('/now'));
  await client.send(frame(FRAME.headers, END_STREAM, 1, block.subarray(0, 5)));
  await client.send(frame(FRAME.continuation, END_HEADERS, 1, block.subarray(5)));
  await client.frame(FRAME.data, 1);
  expect(await rejected()).toBe(before);
});

describe('a body that is not as long as it said', () => {
  const isMalformedBody = (at: LogLine): boolean => at['cause'] === 'downstream.body.malformed';
  const fields = (path: string) => [...requestFields(path, 'POST'), ['content-length', '100'] as const];

  it('is malformed, not aborted', async () => {
    const client = await connect('plain');
    await client.request(1, fields('/wait/short'), END_HEADERS);
    await until(() => waiting === 1);
    await client.send(frame(FRAME.data, END_STREAM, 1, Buffer.from('abc')));
    await client.frame(FRAME.rstStream, 1);
    expect(await accessLine(fixture.torus, '/wait/short')).toMatchObject({
      cause: 'downstream.body.malformed',
    });
  });

  it('is told of when it came together with its head', async () => {
    const client = await connect('plain');
    const head = frame(FRAME.headers, END_HEADERS, 1, hpack(fields('/together')));
    // As an exchange where Node has told of the head before it had read on.
    const before = fixture.torus.logs().filter(isMalformedBody).length;
    await client.send(head, frame(FRAME.data, END_STREAM, 1, Buffer.from('abc')));
    await until(() => fixture.torus.logs().filter(isMalformedBody).length > before);
  });
});

it('a request that the client takes back in the same packet is told of', async () => {
  const client = await connect('plain');
  const head = frame(FRAME.headers, END_STREAM | END_HEADERS, 1, hpack(requestFields('/taken-back')));
  await client.send(head, frame(FRAME.rstStream, 0, 1, Buffer.from([0, 0, 0, 8])));
  const line = await fixture.torus.waitForLog((at) => at['detail'] === 'rst-8');
  expect(line).toMatchObject({ msg: 'access', listener: 'plain', status: 0 });
  // As an exchange where Node has told of the head before it had read on.
  expect(line['cause']).toMatch(/^downstream\.(head|wait)\.aborted$/);
});
