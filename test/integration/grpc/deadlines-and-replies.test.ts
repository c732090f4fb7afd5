/** What becomes of gRPC calls that Torus ends or answers itself: deadlines, refusals, upstreams that fail. */
import { status } from '@grpc/grpc-js';
import type { ServerHttp2Stream } from 'node:http2';
import {
  closeHttp2,
  freePort,
  http2Ask,
  http2Session,
  metricSum,
  startHttp2Upstream,
  startTorus,
  until,
  type Http2Upstream,
  type RunningTorus,
} from '../../support/index.js';
import { EchoClient, received, startEchoService, type EchoService } from './echo-service.js';

let service: EchoService;
let raw: Http2Upstream;
let torus: RunningTorus;
let client: EchoClient;
let secret: EchoClient;
/** Streams at the upstream of frames, by path. */
const streams = new Map<string, ServerHttp2Stream>();

const KEY = 'a-secret-that-is-long-enough-for-hs256-it-is';

const authority = (name: string) => ({ 'grpc.default_authority': name });

const clients: EchoClient[] = [];
const connect = (name: string): EchoClient => {
  const made = new EchoClient(`127.0.0.1:${String(torus.port('edge'))}`, undefined, authority(name));
  clients.push(made);
  return made;
};

beforeAll(async () => {
  service = await startEchoService();
  raw = await startHttp2Upstream((stream, headers) => {
    streams.set(headers[':path'] ?? '', stream);
    if (headers[':path'] === '/silent-after-head')
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    if (headers[':path'] === '/timeout')
      stream.respond(
        {
          ':status': 200,
          'content-type': 'application/grpc',
          'grpc-status': 0,
          'x-timeout': headers['grpc-timeout'] ?? 'none',
        },
        { endStream: true },
      );
  });
  const dead = await freePort();
  const endpoints = [service.url];
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        {
          name: 'edge',
          address: '127.0.0.1:0',
          protocols: ['http1', 'http2'],
          timeouts: { writeGap: '300ms' },
        },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      upstreams: {
        service: { endpoints, protocol: 'http2' },
        raw: { endpoints: [raw.url], protocol: 'http2' },
        dead: { endpoints: [`http://127.0.0.1:${String(dead)}`], protocol: 'http2' },
      },
      routes: [
        { name: 'open', match: { path: '/*', host: 'open.test' }, upstream: 'service' },
        {
          name: 'brief',
          match: { path: '/*', host: 'brief.test' },
          upstream: 'service',
          timeouts: { request: '300ms' },
        },
        {
          name: 'strict',
          match: { path: '/*', host: 'strict.test' },
          upstream: 'service',
          timeouts: { responseHead: '200ms' },
        },
        {
          name: 'quiet',
          match: { path: '/*', host: 'quiet.test' },
          upstream: 'service',
          timeouts: { idle: '400ms' },
        },
        {
          name: 'secret',
          match: { path: '/*', host: 'secret.test' },
          upstream: 'service',
          filters: [{ 'jwt-auth': { secret: KEY, algorithms: ['HS256'] } }],
        },
        {
          name: 'private',
          match: { path: '/*', host: 'private.test' },
          upstream: 'service',
          filters: [{ 'ip-allow': { allow: ['192.0.2.0/24'] } }],
        },
        {
          name: 'small',
          match: { path: '/*', host: 'small.test' },
          upstream: 'service',
          filters: [{ 'body-limit': { max: '1KiB' } }],
        },
        { name: 'dead', match: { path: '/*', host: 'dead.test' }, upstream: 'dead' },
        { name: 'raw', match: { path: '/*', host: 'raw.test' }, upstream: 'raw' },
        {
          name: 'raw-short',
          match: { path: '/*', host: 'raw-short.test' },
          upstream: 'raw',
          timeouts: { request: '200ms' },
        },
        {
          name: 'raw-brief',
          match: { path: '/*', host: 'raw-brief.test' },
          upstream: 'raw',
          timeouts: { request: '30s' },
        },
      ],
    },
  });
  client = connect('open.test');
  secret = connect('secret.test');
});

afterAll(async () => {
  for (const made of clients) made.close();
  await torus.stop();
  await Promise.all([service.stop(), raw.close()]);
});

/** One request that looks like gRPC, without a library that would judge the answer. */
const askRaw = async (host: string, path: string, fields: Record<string, string> = {}) => {
  const session = await http2Session({ port: torus.port('edge'), tls: false });
  const head = {
    ':path': path,
    ':authority': host,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...fields,
  };
  const answer = await http2Ask(session, head, Buffer.alloc(5));
  await closeHttp2(session);
  return answer;
};

describe('a deadline', () => {
  it('of the client ends the call with DEADLINE_EXCEEDED and reaches the server', async () => {
    const before = performance.now();
    const result = await client.unary('hang client', { deadline: Date.now() + 300 });
    expect(result.code).toBe(status.DEADLINE_EXCEEDED);
    expect(performance.now() - before).toBeLessThan(2_000);
    await until(() => service.cancelled.includes('hang client'));
  });

  it('of the client is kept by Torus, for one that only names it', async () => {
    const answer = await askRaw('raw.test', '/hang', { 'grpc-timeout': '200m' });
    expect([answer.status, answer.headers['grpc-status'], answer.headers['content-type']]).toEqual([
      200,
      String(status.DEADLINE_EXCEEDED),
      'application/grpc',
    ]);
    expect(answer.headers['grpc-message']).toMatch(/upstream\.exchange\.timeout/);
    expect([answer.body.length, answer.headers['content-length']]).toEqual([0, undefined]);
  });

  it('of the route holds where it is shorter, and reaches the server', async () => {
    const brief = connect('brief.test');
    const result = await brief.unary('hang route', { deadline: Date.now() + 20_000 });
    expect(result.code).toBe(status.DEADLINE_EXCEEDED);
    await until(() => service.cancelled.includes('hang route'));
    const answer = await askRaw('raw-short.test', '/hang', { 'grpc-timeout': '20S' });
    expect(answer.headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  });

  it('is passed on as what is left of it', async () => {
    const left = async (host: string, asked?: string) => {
      const answer = await askRaw(host, '/timeout', asked === undefined ? {} : { 'grpc-timeout': asked });
      return String(answer.headers['x-timeout']);
    };
    expect(Number.parseInt(await left('raw.test', '20S'), 10)).toBeGreaterThan(15_000);
    expect(await left('raw.test', '20S')).toMatch(/^1\d{4}m$/);
    expect(await left('raw-brief.test', '1H')).toMatch(/^2\d{4}m$/);
    expect(await left('raw-brief.test')).toMatch(/^2\d{4}m$/);
    expect(await left('raw.test')).toBe('none');
  });

  it('that cannot be read is left to the server', async () => {
    const answer = await askRaw('raw.test', '/timeout', { 'grpc-timeout': 'soon' });
    expect(answer.headers['x-timeout']).toBe('soon');
  });
});

describe('an answer of Torus itself', () => {
  it.each([
    ['no route', 'nowhere.test', status.UNIMPLEMENTED, /downstream\.route\.not-found/],
    ['no token', 'secret.test', status.UNAUTHENTICATED, /downstream\.filter\.unauthenticated/],
    [
      'an address that is not allowed',
      'private.test',
      status.PERMISSION_DENIED,
      /downstream\.filter\.forbidden/,
    ],
    ['an endpoint that is down', 'dead.test', status.UNAVAILABLE, /upstream\.connect\.refused/],
  ])('to %s is a status of gRPC', async (_what, host, code, message) => {
    const result = await connect(host).unary('hello');
    expect(result.code).toBe(code);
    expect(result.details).toMatch(message);
  });

  it('to a message that is too large is RESOURCE_EXHAUSTED', async () => {
    const result = await connect('small.test').unary('x'.repeat(100_000));
    expect(result.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('keeps the fields that say more, and its status in the access log', async () => {
    const answer = await askRaw('secret.test', '/x', { 'content-type': 'application/grpc+proto' });
    expect([answer.status, answer.headers['grpc-status']]).toEqual([200, '16']);
    expect(answer.headers['www-authenticate']).toMatch(/Bearer/);
    const id = answer.headers['x-request-id'];
    const line = await torus.waitForLog((entry) => entry['id'] === id);
    expect(line).toMatchObject({ status: 200, grpcStatus: 16, cause: 'downstream.filter.unauthenticated' });
  });

  it.each([
    ['grpc-web', { 'content-type': 'application/grpc-web+proto' }],
    ['anything else', { 'content-type': 'application/json' }],
  ])('stays a problem document for %s', async (_what, fields) => {
    const answer = await askRaw('secret.test', '/x', fields);
    expect([answer.status, answer.headers['grpc-status'], answer.headers['content-type']]).toEqual([
      401,
      undefined,
      'application/problem+json',
    ]);
  });

  it('is counted by route and status', async () => {
    await secret.unary('x');
    const labels = { route: 'secret', grpc_status: '16' };
    expect(await metricSum(torus, 'torus_grpc_responses_total', labels)).toBeGreaterThan(0);
    await client.unary('x');
    expect(
      await metricSum(torus, 'torus_grpc_responses_total', { route: 'open', grpc_status: '0' }),
    ).toBeGreaterThan(0);
  });
});

describe('silence', () => {
  it('before the head does not end a call, unless the route says when', async () => {
    const patient = client.unary('wait');
    await until(() => service.metadata() !== undefined);
    const result = await connect('strict.test').unary('hang strict');
    expect([result.code, result.details]).toEqual([
      status.UNAVAILABLE,
      expect.stringContaining('upstream.head.timeout'),
    ]);
    service.open();
    expect((await patient).messages).toEqual(['at last']);
  });

  it('after the head does not end a call while the idle timeout is not over', async () => {
    const session = await http2Session({ port: torus.port('edge'), tls: false });
    const head = { ':path': '/silent-after-head', ':authority': 'raw.test', ':method': 'POST' };
    const stream = session.request({ ...head, 'content-type': 'application/grpc' });
    let body = '';
    let code = -1;
    stream.on('data', (piece: Buffer) => (body += piece.toString()));
    stream.on('error', () => undefined);
    stream.on('close', () => (code = stream.rstCode));
    await new Promise((resolve) => stream.once('response', resolve));
    // Longer than a client may take for a piece of a response, of which there is none.
    expect((await askRaw('raw.test', '/hang', { 'grpc-timeout': '900m' })).headers['grpc-status']).toBe('4');
    streams.get('/silent-after-head')!.end('at last');
    await until(() => body === 'at last');
    stream.end();
    await until(() => code >= 0);
    expect(code).toBe(0);
    await closeHttp2(session);
  });

  it('of both sides for the idle timeout ends a call', async () => {
    const call = connect('quiet.test').chat();
    const ended = received(call);
    call.write('one');
    call.write('silence');
    const { messages, status: end } = await ended;
    expect(messages).toEqual(['re: one']);
    expect(end.code).not.toBe(status.OK);
    await torus.waitForLog((line) => line['cause'] === 'upstream.body.timeout');
  });

  it('of one side does not, while the other speaks', async () => {
    const quiet = connect('quiet.test');
    const call = quiet.chat();
    const ended = received(call);
    call.write('one');
    const speaking = setInterval(() => call.write('silence'), 150);
    // Two that say nothing, one after the other, are cut meanwhile.
    for (let at = 0; at < 2; at += 1) {
      const silent = connect('quiet.test').chat();
      silent.write('silence');
      expect((await received(silent)).status.code).not.toBe(status.OK);
    }
    clearInterval(speaking);
    call.end();
    expect((await ended).status.code).toBe(status.OK);
  });
});
