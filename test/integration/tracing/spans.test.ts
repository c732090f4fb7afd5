/** What is recorded of an exchange, as a collector gets it: the spans, how they hang together, and what they say. */
import {
  freePort,
  rawClient,
  requestHead,
  startCollector,
  startHttpUpstream,
  startTorus,
  until,
  type CollectedSpan,
  type RunningTorus,
  type TestCollector,
  type TestUpstream,
} from '../../support/index.js';

let collector: TestCollector;
let upstream: TestUpstream;
let slow: TestUpstream;
let torus: RunningTorus;
/** `traceparent` as the upstream saw it, by path. */
const seen = new Map<string, string[]>();

beforeAll(async () => {
  collector = await startCollector();
  let failures = 0;
  const note = (url = '', traceparent: unknown = ''): void => {
    seen.set(url, [...(seen.get(url) ?? []), String(traceparent)]);
  };
  upstream = await startHttpUpstream((request, response) => {
    note(request.url, request.headers['traceparent']);
    request.resume();
    if (request.url?.startsWith('/flaky') === true) {
      failures += 1;
      response.writeHead(failures % 2 === 1 ? 503 : 200).end('flaky');
      return;
    }
    response.writeHead(Number(/\/status\/(\d+)/.exec(request.url ?? '')?.[1] ?? 200)).end('ok');
  });
  slow = await startHttpUpstream((request, response) => {
    note(request.url, request.headers['traceparent']);
    // Answers when it is let go of only.
    response.on('close', () => undefined);
  });
  const dead = `http://127.0.0.1:${String(await freePort())}`;
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      tracing: {
        endpoint: collector.url,
        headers: { authorization: 'Bearer collector-secret' },
        serviceName: 'edge-test',
        attributes: { 'deployment.environment.name': 'test', replica: 3 },
        interval: '20ms',
      },
      upstreams: {
        one: { endpoints: [upstream.url], outlierEjection: false },
        shadow: { endpoints: [upstream.url] },
        hanging: { endpoints: [slow.url] },
        dead: { endpoints: [dead], outlierEjection: false },
        hedged: { endpoints: [slow.url, upstream.url], balancer: 'round-robin', outlierEjection: false },
      },
      routes: [
        { name: 'users', match: { path: '/users/:id' }, upstream: 'one' },
        { name: 'flaky', match: { path: '/flaky/*' }, upstream: 'one', retry: { attempts: 2, on: ['5xx'] } },
        { name: 'dead', match: { path: '/dead' }, upstream: 'dead', retry: false },
        {
          name: 'hedged',
          match: { path: '/hedged' },
          upstream: 'hedged',
          retry: { attempts: 0, hedge: { after: '60ms', max: 1 } },
        },
        {
          name: 'mirrored',
          match: { path: '/mirrored' },
          upstream: 'one',
          mirror: { upstream: 'shadow', sample: '100%' },
        },
        { name: 'rest', match: { path: '/status/*' }, upstream: 'one', retry: false },
        { name: 'hanging', match: { path: '/hanging' }, upstream: 'hanging' },
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([collector.close(), upstream.close(), slow.close()]);
});

const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> => {
  const response = await fetch(`${torus.url()}${path}`, {
    method,
    headers: { connection: 'close', ...headers },
  });
  await response.arrayBuffer();
  return response;
};

/** The spans of one exchange, when there are that many: the server's first. */
const spansOf = async (path: string, count: number): Promise<readonly CollectedSpan[]> => {
  const found = await until(
    () => {
      const server = collector.spans.find(({ attributes }) => attributes['url.path'] === path);
      const all =
        server === undefined ? [] : collector.spans.filter(({ traceId }) => traceId === server.traceId);
      return all.length >= count && all;
    },
    5_000,
    `${String(count)} spans of ${path}`,
  );
  expect(found).toHaveLength(count);
  return [...found].sort((a, b) => a.kind - b.kind || Number(a.startNs - b.startNs));
};

it('records an exchange as a server span with a client span for its attempt, and tells the upstream the latter', async () => {
  await ask('/users/42?token=hush', { 'user-agent': 'tester/1.0' });
  const [server, client] = await spansOf('/users/42', 2);
  expect(server).toMatchObject({
    name: 'GET /users/:id',
    kind: 2,
    parentId: '',
    failed: false,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/users/:id',
      'url.path': '/users/42',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': torus.port(),
      'client.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
      'http.response.body.size': 2,
      'user_agent.original': 'tester/1.0',
      'torus.route': 'users',
      'torus.upstream': 'one',
      'torus.endpoint': `127.0.0.1:${String(upstream.port)}`,
      'torus.cause': 'ok',
      'torus.attempts': 1,
    },
    resource: { 'service.name': 'edge-test', 'deployment.environment.name': 'test', replica: '3' },
  });
  expect(client).toMatchObject({
    name: 'GET',
    kind: 3,
    parentId: server?.spanId,
    traceId: server?.traceId,
    failed: false,
    attributes: {
      'url.full': `${upstream.url}/users/42`,
      'server.address': '127.0.0.1',
      'server.port': upstream.port,
      'http.response.status_code': 200,
      'torus.attempt.kind': 'first',
    },
  });
  expect(client?.attributes).not.toHaveProperty('http.request.resend_count');
  expect(seen.get('/users/42?token=hush')).toEqual([
    `00-${server?.traceId ?? ''}-${client?.spanId ?? ''}-01`,
  ]);
  expect(JSON.stringify([server?.attributes, client?.attributes])).not.toContain('hush');
  expect(collector.posts.at(-1)).toMatchObject({
    url: '/v1/traces',
    headers: { authorization: 'Bearer collector-secret', 'content-type': 'application/json' },
  });
});

it('says in UTF-8 what the client sent in UTF-8', async () => {
  await ask('/users/utf8', { 'user-agent': Buffer.from('é 日本').toString('latin1') });
  const [server] = await spansOf('/users/utf8', 2);
  expect(server?.attributes['user_agent.original']).toBe('é 日本');
});

it('puts the attempt inside the exchange, in wall time', async () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  await ask('/users/clock');
  const after = BigInt(Date.now()) * 1_000_000n;
  const [server, client] = await spansOf('/users/clock', 2);
  const margin = 25_000_000n;
  expect(server!.startNs).toBeGreaterThan(before - margin);
  expect(server!.endNs).toBeLessThan(after + margin);
  expect(client!.startNs).toBeGreaterThanOrEqual(server!.startNs);
  expect(client!.endNs).toBeLessThanOrEqual(server!.endNs);
  expect(client!.endNs).toBeGreaterThan(client!.startNs);
});

it('records each attempt of an exchange that was tried again, with its place among them', async () => {
  await ask('/flaky/a');
  const [server, first, second] = await spansOf('/flaky/a', 3);
  expect(server?.attributes).toMatchObject({ 'http.response.status_code': 200, 'torus.attempts': 2 });
  expect(first).toMatchObject({
    parentId: server?.spanId,
    failed: true,
    attributes: { 'http.response.status_code': 503, 'error.type': '503', 'torus.attempt.kind': 'first' },
  });
  expect(second).toMatchObject({
    parentId: server?.spanId,
    failed: false,
    attributes: { 'http.request.resend_count': 1, 'torus.attempt.kind': 'retry' },
  });
  expect(seen.get('/flaky/a')).toEqual(
    [first, second].map((one) => `00-${one?.traceId ?? ''}-${one?.spanId ?? ''}-01`),
  );
});

it('records a hedge beside the attempt that it overtook, which is no error', async () => {
  // Round robin: one of two begins at the endpoint that never answers.
  await ask('/hedged');
  await ask('/hedged');
  const hedge = await until(() =>
    collector.spans.find(({ attributes }) => attributes['torus.attempt.kind'] === 'hedge'),
  );
  const loser = await until(() =>
    collector.spans.find(
      ({ traceId, attributes }) => traceId === hedge.traceId && attributes['torus.cause'] === 'hedge.lost',
    ),
  );
  expect(loser).toMatchObject({
    parentId: hedge.parentId,
    failed: false,
    attributes: { 'torus.attempt.kind': 'first' },
  });
  expect(hedge.attributes).toMatchObject({
    'http.request.resend_count': 1,
    'http.response.status_code': 200,
  });
});

it('records a mirrored copy as another child of the exchange', async () => {
  await ask('/mirrored');
  const [server, ...clients] = await spansOf('/mirrored', 3);
  expect(clients.map(({ attributes }) => attributes['torus.attempt.kind']).sort()).toEqual([
    'first',
    'mirror',
  ]);
  expect(new Set(clients.map(({ parentId }) => parentId))).toEqual(new Set([server?.spanId]));
  expect(new Set(seen.get('/mirrored'))).toEqual(
    new Set(clients.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)),
  );
});

it('says why an exchange failed, on both spans, and names the trace in the answer and the log', async () => {
  const response = await fetch(`${torus.url()}/dead`, { headers: { connection: 'close' } });
  const problem = (await response.json()) as { traceId: string };
  const [server, client] = await spansOf('/dead', 2);
  const cause = 'upstream.connect.refused';
  expect(server).toMatchObject({
    failed: true,
    attributes: { 'error.type': cause, 'torus.cause': cause, 'http.response.status_code': response.status },
  });
  expect(client).toMatchObject({ failed: true, attributes: { 'error.type': cause, 'torus.cause': cause } });
  // An attempt that never got a connection says all the same where it wanted to go.
  expect(client?.attributes).toMatchObject({
    'server.address': '127.0.0.1',
    'torus.endpoint': server?.attributes['torus.endpoint'],
  });
  expect(problem.traceId).toBe(server?.traceId);
  const line = await torus.waitForLog((one) => one.msg === 'access' && one['route'] === 'dead');
  expect(line).toMatchObject({ traceId: server?.traceId, spanId: server?.spanId, sampled: true });
});

it("holds an upstream's 500 against both, and its 404 against the attempt only", async () => {
  await ask('/status/500');
  await ask('/status/404');
  const [failedServer, failedClient] = await spansOf('/status/500', 2);
  expect(failedServer).toMatchObject({
    failed: true,
    attributes: { 'error.type': '500', 'torus.cause': 'ok' },
  });
  expect(failedClient).toMatchObject({ failed: true, attributes: { 'error.type': '500' } });
  const [server, client] = await spansOf('/status/404', 2);
  expect(server?.failed).toBe(false);
  expect(server?.attributes).not.toHaveProperty('error.type');
  expect(client).toMatchObject({ failed: true, attributes: { 'error.type': '404' } });
});

it('records a request that no route takes as a server span alone', async () => {
  await ask('/nowhere', {}, 'DELETE');
  const [server] = await spansOf('/nowhere', 1);
  expect(server).toMatchObject({
    name: 'DELETE',
    failed: false,
    attributes: { 'http.response.status_code': 404, 'torus.cause': 'downstream.route.not-found' },
  });
  expect(server?.attributes).not.toHaveProperty('http.route');
});

it('calls a method that is not known _OTHER', async () => {
  await ask('/users/brewed', {}, 'BREW');
  const [server] = await spansOf('/users/brewed', 2);
  expect(server).toMatchObject({
    name: 'HTTP /users/:id',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' },
  });
});

it('ends both spans when the client leaves, and blames neither the gateway nor the endpoint', async () => {
  const client = await rawClient({ port: torus.port() });
  await client.send(requestHead('GET /hanging'));
  await until(() => seen.has('/hanging'));
  await client.close();
  const [server, attempt] = await spansOf('/hanging', 2);
  expect(server).toMatchObject({ failed: false, attributes: { 'torus.cause': 'downstream.wait.aborted' } });
  expect(server?.attributes).not.toHaveProperty('http.response.status_code');
  expect(attempt).toMatchObject({ failed: false, attributes: { 'torus.cause': 'cancelled' } });
});
