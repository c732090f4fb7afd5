/** W3C Trace Context on its way through the gateway: what goes on, what is replaced, and who decides whether it is recorded. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { credentials } from '@grpc/grpc-js';
import { WebSocket, WebSocketServer } from 'ws';
import {
  metricSum,
  startCollector,
  startHttp2Upstream,
  startHttpUpstream,
  startTorus,
  until,
  type CollectedSpan,
  type RunningTorus,
  type TestCollector,
  type TestUpstream,
} from '../../support/index.js';
import { EchoClient, startEchoService, type EchoService } from '../grpc/echo-service.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${PARENT}-01`;

type Lines = readonly (readonly [name: string, value: string])[];

let upstream: TestUpstream;
let http2: TestUpstream;
let service: EchoService;
let sockets: WebSocketServer;
let collector: TestCollector;

/** What an HTTP/1.1 upstream answers: the field lines it got. */
const listFields = (rawHeaders: readonly string[]): string => JSON.stringify(rawHeaders);

beforeAll(async () => {
  collector = await startCollector();
  const plain = await startHttpUpstream((request, response) => {
    request.resume();
    response.end(listFields(request.rawHeaders));
  });
  sockets = new WebSocketServer({ noServer: true });
  plain.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) => ws.send(String(request.headers['traceparent'])));
  });
  upstream = plain;
  http2 = await startHttp2Upstream((stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(listFields(Object.entries(headers).flatMap(([name, value]) => [name, String(value)])));
  });
  service = await startEchoService();
});

afterAll(async () => {
  sockets.close();
  await Promise.all([collector.close(), upstream.close(), http2.close(), service.stop()]);
});

const gateway = (tracing: object | undefined, more: object = {}): Promise<RunningTorus> =>
  startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'] }],
      admin: { address: '127.0.0.1:0' },
      ...(tracing === undefined
        ? {}
        : { tracing: { endpoint: collector.url, interval: '20ms', ...tracing } }),
      upstreams: {
        one: { endpoints: [upstream.url] },
        h2: { endpoints: [http2.url], protocol: 'http2' },
        grpc: { endpoints: [service.url], protocol: 'http2' },
      },
      routes: [
        { name: 'h2', match: { path: '/h2/*' }, upstream: 'h2' },
        { name: 'grpc', match: { path: '/test.Echo/*' }, upstream: 'grpc' },
        { name: 'socket', match: { path: '/socket' }, upstream: 'one', upgrades: ['websocket'] },
        { name: 'rest', match: { path: '/*' }, upstream: 'one' },
      ],
      ...more,
    },
  });

/** The trace fields that the upstream got of a request with these, sent from `localAddress`. */
const passed = async (
  torus: RunningTorus,
  fields: Lines,
  path = '/',
  localAddress = '127.0.0.1',
): Promise<Lines> => {
  const headers = ['connection', 'close', 'host', 'example.test', ...fields.flat()];
  const request = httpRequest({ port: torus.port(), host: '127.0.0.1', path, localAddress, headers });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const raw = JSON.parse(Buffer.concat(chunks).toString()) as string[];
  const lines = raw.flatMap((name, index): [string, string][] =>
    index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? '']] : [],
  );
  return lines.filter(([name]) => name.startsWith('trace')).sort(([a], [b]) => a.localeCompare(b));
};

const traceparentOf = (lines: Lines): { traceId: string; spanId: string; flags: string } => {
  const values = lines.filter(([name]) => name === 'traceparent').map(([, value]) => value);
  expect(values).toHaveLength(1);
  const [, traceId = '', spanId = '', flags = ''] =
    /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(values[0] ?? '') ?? [];
  expect(traceId).not.toBe('');
  return { traceId, spanId, flags };
};

const spansOfTrace = (traceId: string, count: number): Promise<readonly CollectedSpan[]> =>
  until(() => {
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    return spans.length >= count && spans;
  });

describe('without tracing', () => {
  let torus: RunningTorus;
  beforeAll(async () => (torus = await gateway(undefined)));
  afterAll(() => torus.stop());

  it.each<readonly [what: string, fields: Lines]>([
    ['no context', []],
    ['a valid context', [['traceparent', VALID]]],
    [
      'two lines of tracestate',
      [
        ['traceparent', VALID],
        ['tracestate', 'a=1'],
        ['tracestate', 'b=2'],
      ],
    ],
    ['nonsense', [['traceparent', 'nonsense']]],
    [
      'traceparent twice',
      [
        ['traceparent', VALID],
        ['traceparent', VALID],
      ],
    ],
    ['tracestate alone', [['tracestate', 'alone=1']]],
  ])('lets %s through as it is', async (_what, fields) => {
    expect(await passed(torus, fields)).toEqual(fields);
  });

  it('does the same towards HTTP/2 upstreams', async () => {
    expect(await passed(torus, [['traceparent', VALID]], '/h2/x')).toEqual([['traceparent', VALID]]);
  });
});

describe('with tracing', () => {
  let torus: RunningTorus;
  beforeAll(async () => (torus = await gateway({ sampling: '100%' })));
  afterAll(() => torus.stop());

  it('goes on with a valid context under its own span, and leaves tracestate as it is', async () => {
    const fields = await passed(torus, [
      ['traceparent', `00-${TRACE}-${PARENT}-00`],
      ['tracestate', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
      ['tracestate', 'third@vendor=x'],
    ]);
    const { traceId, spanId, flags } = traceparentOf(fields);
    expect(traceId).toBe(TRACE);
    expect(spanId).not.toBe(PARENT);
    expect(flags).toBe('01');
    expect(fields.filter(([name]) => name === 'tracestate').map(([, value]) => value)).toEqual([
      'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
      'third@vendor=x',
    ]);
    const spans = await spansOfTrace(TRACE, 2);
    expect(spans.find(({ kind }) => kind === 2)?.parentId).toBe(PARENT);
    expect(spans.find(({ kind }) => kind === 3)?.spanId).toBe(spanId);
  });

  it('begins a trace where there is none, with ids that are not used twice', async () => {
    const first = traceparentOf(await passed(torus, []));
    const second = traceparentOf(await passed(torus, []));
    expect(first.traceId).not.toBe(second.traceId);
    expect(first.spanId).not.toBe(second.spanId);
  });

  it.each<readonly [what: string, fields: Lines]>([
    ['is nonsense', [['traceparent', 'nonsense']]],
    ['is too short', [['traceparent', `00-${TRACE}-${PARENT}`]]],
    ['has a trace id of zeros', [['traceparent', `00-${'0'.repeat(32)}-${PARENT}-01`]]],
    ['has a parent id of zeros', [['traceparent', `00-${TRACE}-${'0'.repeat(16)}-01`]]],
    ['is in upper case', [['traceparent', VALID.toUpperCase()]]],
    ['has the version that is forbidden', [['traceparent', VALID.replace('00-', 'ff-')]]],
    ['goes on after version 00 ends', [['traceparent', `${VALID}-more`]]],
    [
      'is there twice',
      [
        ['traceparent', VALID],
        ['traceparent', VALID],
      ],
    ],
  ])('begins anew, without tracestate, when traceparent %s', async (_what, fields) => {
    const got = await passed(torus, [...fields, ['tracestate', 'a=1']]);
    expect(traceparentOf(got).traceId).not.toBe(TRACE);
    expect(got.map(([name]) => name)).toEqual(['traceparent']);
  });

  it('takes what it knows of a version to come', async () => {
    const got = await passed(torus, [['traceparent', `cc-${TRACE}-${PARENT}-01-what-the-future-brings`]]);
    expect(traceparentOf(got).traceId).toBe(TRACE);
  });

  it('passes the random flag of level 2 on, and no flag that it does not know', async () => {
    expect(traceparentOf(await passed(torus, [['traceparent', `00-${TRACE}-${PARENT}-ff`]])).flags).toBe(
      '03',
    );
  });

  it.each([
    ['stands alone', [['tracestate', 'a=1']] as Lines],
    [
      'is malformed',
      [
        ['traceparent', VALID],
        ['tracestate', 'a=1,b'],
      ] as Lines,
    ],
    [
      'has a key twice',
      [
        ['traceparent', VALID],
        ['tracestate', 'a=1'],
        ['tracestate', 'a=2'],
      ] as Lines,
    ],
    [
      'has more than 32 members',
      [
        ['traceparent', VALID],
        ['tracestate', Array.from({ length: 33 }, (_, at) => `k${String(at)}=1`).join()],
      ] as Lines,
    ],
  ])('drops a tracestate that %s', async (_what, fields) => {
    expect((await passed(torus, fields)).map(([name]) => name)).toEqual(['traceparent']);
  });

  it('tells HTTP/2 upstreams', async () => {
    const { traceId, spanId } = traceparentOf(await passed(torus, [['traceparent', VALID]], '/h2/tell'));
    expect(traceId).toBe(TRACE);
    const span = await until(() => collector.spans.find((one) => one.spanId === spanId));
    expect(span.attributes).toMatchObject({ 'url.full': `${http2.url}/h2/tell` });
  });

  it('tells gRPC services, and records the status of the call', async () => {
    const client = new EchoClient(`127.0.0.1:${String(torus.port())}`, credentials.createInsecure());
    try {
      await client.unary('hello');
    } finally {
      client.close();
    }
    const traceparent = String(service.metadata()?.get('traceparent')[0]);
    const { traceId, spanId } = traceparentOf([['traceparent', traceparent]]);
    const [one, other] = await spansOfTrace(traceId, 2);
    const expected = {
      'rpc.system': 'grpc',
      'rpc.service': 'test.Echo',
      'rpc.method': 'Unary',
      'rpc.grpc.status_code': 0,
    };
    expect(one?.attributes).toMatchObject(expected);
    expect(other?.attributes).toMatchObject(expected);
    expect([one?.spanId, other?.spanId]).toContain(spanId);
  });

  it('tells the upstream of a WebSocket, whose spans end when it does', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${String(torus.port())}/socket`);
    const [message] = (await once(socket, 'message')) as [Buffer];
    const { traceId } = traceparentOf([['traceparent', message.toString()]]);
    const openNs = BigInt(Date.now()) * 1_000_000n;
    expect(collector.spans.some((span) => span.traceId === traceId)).toBe(false);
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    const spans = await spansOfTrace(traceId, 2);
    const margin = 25_000_000n;
    for (const span of spans) expect(span.endNs).toBeGreaterThan(openNs - margin);
    expect(spans.find(({ kind }) => kind === 2)?.attributes).toMatchObject({
      'http.response.status_code': 101,
    });
  });
});

describe('who decides', () => {
  const TRUSTED = '127.0.0.2';
  const trust = { trustedProxies: [`${TRUSTED}/32`] };

  it('is the sampling for clients, and the peer where it is trusted', async () => {
    const none = await gateway({ sampling: '0%' }, trust);
    const all = await gateway({ sampling: 1 }, trust);
    try {
      const field = (flags: string): Lines => [['traceparent', `00-${TRACE}-${PARENT}-${flags}`]];
      const flagsFrom = async (torus: RunningTorus, flags: string, peer: string): Promise<string> => {
        const { traceId, flags: got } = traceparentOf(await passed(torus, field(flags), '/', peer));
        expect(traceId).toBe(TRACE);
        return got;
      };
      expect(await flagsFrom(none, '01', '127.0.0.1')).toBe('00');
      expect(await flagsFrom(none, '01', TRUSTED)).toBe('01');
      expect(await flagsFrom(all, '00', '127.0.0.1')).toBe('01');
      expect(await flagsFrom(all, '00', TRUSTED)).toBe('00');
      expect(traceparentOf(await passed(none, [])).flags).toBe('00');
      expect(traceparentOf(await passed(none, [], '/', TRUSTED)).flags).toBe('00');
    } finally {
      await Promise.all([none.stop(), all.stop()]);
    }
  });

  it('may be everybody', async () => {
    const torus = await gateway({ sampling: '0%', clientContext: 'trust' });
    try {
      expect(traceparentOf(await passed(torus, [['traceparent', VALID]])).flags).toBe('01');
    } finally {
      await torus.stop();
    }
  });

  it('is a limit, too: what is beyond tracesPerSecond goes on with the flag 00 and is counted, unless a trusted peer wants it', async () => {
    const torus = await gateway({ tracesPerSecond: 1 }, trust);
    try {
      const flags: string[] = [];
      while (!flags.includes('00')) flags.push(traceparentOf(await passed(torus, [])).flags);
      // What may come at once, and at most one for each second that this took.
      expect(flags.filter((flag) => flag === '01').length).toBeGreaterThanOrEqual(5);
      expect(await metricSum(torus, 'torus_traces_limited_total')).toBe(1);
      expect(traceparentOf(await passed(torus, [['traceparent', VALID]], '/', TRUSTED)).flags).toBe('01');
    } finally {
      await torus.stop();
    }
  });

  it('may be nobody but Torus: a new trace begins, linked to that of the client', async () => {
    const torus = await gateway({ sampling: '100%', clientContext: 'restart' }, trust);
    try {
      const sent: Lines = [
        ['traceparent', VALID],
        ['tracestate', 'a=1'],
      ];
      const fields = await passed(torus, sent);
      const { traceId } = traceparentOf(fields);
      expect(traceId).not.toBe(TRACE);
      expect(fields.map(([name]) => name)).toEqual(['traceparent']);
      const spans = await spansOfTrace(traceId, 2);
      expect(spans.find(({ kind }) => kind === 2)).toMatchObject({
        parentId: '',
        links: [{ traceId: TRACE, spanId: PARENT }],
      });
      expect(traceparentOf(await passed(torus, sent, '/', TRUSTED)).traceId).toBe(TRACE);
    } finally {
      await torus.stop();
    }
  });

  it('records about the share that is asked for', async () => {
    const torus = await gateway({ sampling: '30%' });
    try {
      const flags: string[] = [];
      for (let count = 0; count < 200; count += 1) flags.push(traceparentOf(await passed(torus, [])).flags);
      const recorded = flags.filter((flag) => flag === '01').length;
      // Six standard deviations around 60 of 200.
      expect(recorded).toBeGreaterThan(21);
      expect(recorded).toBeLessThan(99);
    } finally {
      await torus.stop();
    }
  });
});
