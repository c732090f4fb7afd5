/** Copies of requests go to another upstream: the same request, marked; bounded; its answer thrown away, or compared. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  http2Ask,
  http2Session,
  metricSum,
  rawClient,
  startHttpUpstream,
  startTorus,
  sumOf,
  SWITCH,
  until,
  whenNothingIsOpen,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { ADMIN, ask, askMany, countOf, fiveSigma } from '../balancing/balancing-fixture.js';

interface Copy {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let primary: TestUpstream;
let shadow: TestUpstream;
let torus: RunningTorus;
const originals: Copy[] = [];
const copies: Copy[] = [];

/** Answers by path, once the body is in. */
const recorder =
  (name: string, seen: Copy[]) =>
  async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(pieces).toString() });
    if (url.endsWith('/differs') && name === 'shadow') response.statusCode = 500;
    if (url.endsWith('/slow-copy') && name === 'shadow') await delay(150);
    if (url.endsWith('/fat') && name === 'shadow') response.write(Buffer.alloc(300_000));
    response.end(name);
  };

const route = (name: string, mirror: object, extra: object = {}) => ({
  name,
  match: { path: `/${name}/*` },
  upstream: 'main',
  mirror: { upstream: 'shadow', ...mirror },
  ...extra,
});

beforeAll(async () => {
  primary = await startHttpUpstream(recorder('main', originals));
  shadow = await startHttpUpstream(recorder('shadow', copies));
  for (const { server } of [primary, shadow])
    server.on('upgrade', (_request, socket) => {
      copies.push({ method: 'UPGRADE', url: '', headers: {}, body: '' });
      socket.end(SWITCH);
    });
  torus = await startTorus({
    config: {
      listeners: [{ name: 'plain', address: '127.0.0.1:0', protocols: ['http1', 'http2'] }],
      ...ADMIN,
      workers: 2,
      upstreams: { main: { endpoints: [primary.url] }, shadow: { endpoints: [shadow.url] } },
      routes: [
        route('all', {}, { rewrite: { stripPrefix: '/all' } }),
        route('some', { sample: '20%' }),
        route('none', { sample: '0%' }),
        route('small', { maxBody: '1KiB', maxResponse: '64KiB' }),
        route('compared', { compare: true }),
        route(
          'filtered',
          {},
          {
            filters: [{ headers: { request: { set: { 'x-added': 'yes' }, remove: ['x-secret'] } } }],
          },
        ),
        route('split', {}, { upstream: { split: { main: 1 } } }),
        { name: 'plain', match: { path: '/plain' }, upstream: 'main' },
      ],
    },
  });
});

afterAll(async () => {
  expect(await torus.stop()).toEqual({ code: 0, signal: null });
  await Promise.all([primary.close(), shadow.close()]);
});

const copyOf = (url: string): Promise<Copy> =>
  until(() => copies.find((copy) => copy.url === url), 5000, `a copy of ${url}`);

const counted = (name: string, result: string): Promise<number> =>
  metricSum(torus, 'torus_mirrored_requests_total', { route: name, upstream: 'shadow', result });

const whenCounted = async (name: string, result: string, count: number): Promise<void> => {
  await until(
    async () => (await counted(name, result)) === count,
    5000,
    `${String(count)} ${result} on ${name}`,
  );
};

const upload = { method: 'POST', headers: { 'transfer-encoding': 'chunked' } };

describe('mirror', () => {
  it('sends a copy of the request, and answers with the original', async () => {
    const answer = await ask(torus, '/all/users?a=1', {
      method: 'PUT',
      body: 'hello',
      headers: { 'x-user': 'ada', 'content-length': 5, host: 'shop.example.com' },
    });
    expect(answer).toMatchObject({ status: 200, body: 'main' });
    const copy = await copyOf('/users?a=1');
    const original = originals.find(({ url }) => url === '/users?a=1')!;
    expect(copy).toMatchObject({ method: 'PUT', body: 'hello', headers: { 'x-torus-mirror': '1' } });
    const { 'x-torus-mirror': mark, ...others } = copy.headers;
    expect(mark).toBe('1');
    // Host, identity and request id included.
    expect(others).toEqual(original.headers);
    expect(original.headers).not.toHaveProperty('x-torus-mirror');
    await whenCounted('all', 'sent', 1);
  });

  it.each(['POST', 'PUT'])('copies a body that arrives in pieces (%s)', async (method) => {
    const url = `/small/pieces-${method}`;
    await using client = await rawClient({ port: torus.port() });
    await client.send(
      `${method} ${url} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    );
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) > 0);
    await client.send('6\r\n world\r\n');
    await client.send('0\r\nX-Sum: 1\r\n\r\n');
    expect((await client.response()).status).toBe(200);
    expect(await copyOf(url)).toMatchObject({ method, body: 'hello world' });
    expect(originals.find((original) => original.url === url)).toMatchObject({ body: 'hello world' });
  });

  it('copies requests of HTTP/2 clients, whose bodies have no length', async () => {
    const session = await http2Session({ port: torus.port(), tls: false });
    const answer = await http2Ask(session, { ':path': '/small/http2', 'x-user': 'ada' }, 'over http2');
    expect(answer.text()).toBe('main');
    expect(await copyOf('/small/http2')).toMatchObject({
      method: 'POST',
      body: 'over http2',
      headers: { 'x-user': 'ada', 'x-torus-mirror': '1' },
    });
    session.close();
  });

  it('does not make the copy wait for 100 (Continue)', async () => {
    await using client = await rawClient({ port: torus.port() });
    await client.send(
      'POST /small/expects HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    );
    expect((await client.readUntil('\r\n\r\n')).toString()).toMatch(/^HTTP\/1.1 100 /);
    await client.send('hello');
    expect((await client.response()).status).toBe(200);
    const copy = await copyOf('/small/expects');
    expect(copy.body).toBe('hello');
    expect(copy.headers).not.toHaveProperty('expect');
  });

  it('copies the share it was told to', async () => {
    await askMany(torus, '/some/x', 600);
    const seen = async (): Promise<number> => counted('some', 'sent');
    await until(async () => (await seen()) === copies.filter(({ url }) => url === '/some/x').length);
    expect(Math.abs((await seen()) - 120)).toBeLessThan(fiveSigma(600, 0.2));
    await askMany(torus, '/none/x', 40);
    expect(copies.some(({ url }) => url === '/none/x')).toBe(false);
  });

  it('passes on what the filters made of the request', async () => {
    await ask(torus, '/filtered/x', { headers: { 'x-secret': 's' } });
    const { headers } = await copyOf('/filtered/x');
    expect(headers).toMatchObject({ 'x-added': 'yes' });
    expect(headers).not.toHaveProperty('x-secret');
  });

  it('does not believe a client that says it is a copy', async () => {
    await ask(torus, '/all/claimed', { headers: { 'x-torus-mirror': 'true' } });
    expect((await copyOf('/claimed')).headers['x-torus-mirror']).toBe('1');
    expect(originals.find(({ url }) => url === '/claimed')!.headers).not.toHaveProperty('x-torus-mirror');
  });

  it('works beside a split', async () => {
    expect((await ask(torus, '/split/x')).body).toBe('main');
    await copyOf('/split/x');
  });

  it.each([
    ['known by its length', { method: 'POST', headers: { 'content-length': 100_000 } }],
    ['that ends when it ends', upload],
  ])('drops the copy of a body that is too long, %s, and delivers the original whole', async (_what, how) => {
    const before = await counted('small', 'dropped-body');
    const body = Buffer.alloc(100_000, 'x');
    expect((await ask(torus, '/small/long', { ...how, body })).status).toBe(200);
    expect(originals.filter(({ url }) => url === '/small/long').at(-1)!.body).toBe(body.toString());
    await whenCounted('small', 'dropped-body', before + 1);
    expect(copies.some(({ url }) => url === '/small/long')).toBe(false);
  });

  it('drops the copy of a request that its client breaks off', async () => {
    const client = await rawClient({ port: torus.port() });
    await client.send('POST /small/broken HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    await until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) > 0);
    client.reset();
    await whenCounted('small', 'dropped-incomplete', 1);
    expect(copies.some(({ url }) => url === '/small/broken')).toBe(false);
  });

  it('reads an answer to its limit only', async () => {
    const before = await counted('small', 'sent');
    expect((await ask(torus, '/small/fat')).body).toBe('main');
    await copyOf('/small/fat');
    await whenCounted('small', 'sent', before + 1);
  });

  it('does not copy upgrades', async () => {
    const before = copies.length;
    await using client = await rawClient({ port: torus.port() });
    await client.send(
      'GET /all/socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    expect((await client.readUntil('\r\n\r\n')).toString()).toMatch(/^HTTP\/1.1 101 /);
    await ask(torus, '/all/after-socket');
    await copyOf('/after-socket');
    // The one that the primary counted itself, and the copy of the request after it.
    expect(copies.slice(before).map(({ method }) => method)).toEqual(['UPGRADE', 'GET']);
  });

  it('compares statuses and latencies when it is asked to', async () => {
    await ask(torus, '/compared/same');
    await ask(torus, '/compared/differs');
    await ask(torus, '/compared/slow-copy');
    await ask(torus, '/compared/upload', { ...upload, body: 'piece' });
    const comparisons = async (result: string): Promise<number> =>
      metricSum(torus, 'torus_mirror_comparisons_total', { route: 'compared', upstream: 'shadow', result });
    await until(async () => (await comparisons('match')) === 3, 5000, 'three comparisons that match');
    expect(await comparisons('mismatch')).toBe(1);
    const text = await (await torus.admin('/metrics')).text();
    const difference = 'torus_mirror_latency_difference_seconds';
    const both = sumOf(text, `${difference}_count`, { route: 'compared' });
    expect(both).toBe(4);
    const slower = { route: 'compared', direction: 'slower' };
    expect(sumOf(text, `${difference}_sum`, slower)).toBeGreaterThan(0.1);
    expect(sumOf(text, `${difference}_sum`, slower)).toBeLessThan(20);
  });

  it('counts nothing for routes without it, and leaves no socket', async () => {
    expect(countOf(await askMany(torus, '/plain', 20), 'main')).toBe(20);
    expect(await metricSum(torus, 'torus_mirrored_requests_total', { route: 'plain' })).toBe(0);
    shadow.resetAll();
    primary.resetAll();
    await whenNothingIsOpen(torus, 5000);
  });
});
