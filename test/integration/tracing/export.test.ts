/** The way of spans to the collector: batches, a collector that is down, slow or picky, the end of a worker, reloads, settings. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  ENTRY,
  freePort,
  makeTempDir,
  metricSum,
  removeTempDir,
  startCollector,
  startHttpUpstream,
  startTorus,
  testCertificate,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

let upstream: TestUpstream;

beforeAll(async () => {
  upstream = await startHttpUpstream((request, response) => {
    request.resume();
    response.end(JSON.stringify(request.headers));
  });
});

afterAll(() => upstream.close());

const configWith = (more: object): object => ({
  workers: 1,
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0' },
  upstreams: { one: { endpoints: [upstream.url] } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'one' }],
  ...more,
});

const ask = async (torus: RunningTorus, count = 1): Promise<Record<string, string>> => {
  let headers: Record<string, string> = {};
  for (let left = count; left > 0; left -= 1) {
    const response = await fetch(`${torus.url()}/`, { headers: { connection: 'close' } });
    expect(response.status).toBe(200);
    headers = (await response.json()) as Record<string, string>;
  }
  return headers;
};

const spanCount = (torus: RunningTorus, result: string): Promise<number> =>
  metricSum(torus, 'torus_trace_spans_total', { result });

it('posts a full batch at once and the rest after the interval, and counts them', async () => {
  await using collector = await startCollector();
  const tracing = { endpoint: collector.url, batchSize: 4, interval: '60s' };
  const torus = await startTorus({ config: configWith({ tracing }) });
  try {
    await ask(torus, 2);
    await collector.atLeast(4);
    expect(collector.posts.map(({ spans }) => spans)).toEqual([4]);
    await until(async () => (await spanCount(torus, 'exported')) === 4);
    expect(await metricSum(torus, 'torus_trace_exports_total', { result: 'ok' })).toBe(1);
    await ask(torus);
    expect(await metricSum(torus, 'torus_trace_queue_spans')).toBe(2);
  } finally {
    await torus.stop();
  }
  // What waited went out with the worker.
  expect(collector.spans).toHaveLength(6);
});

it('records nothing and posts nothing where the sampling is 0, and still tells the upstream of the trace', async () => {
  await using collector = await startCollector();
  const tracing = { endpoint: collector.url, sampling: 0, interval: '20ms' };
  const torus = await startTorus({ config: configWith({ tracing }) });
  try {
    expect((await ask(torus))['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    const line = await torus.waitForLog('access');
    expect(line).toMatchObject({ sampled: false });
    expect(await spanCount(torus, '')).toBe(0);
  } finally {
    await torus.stop();
  }
  expect(collector.posts).toHaveLength(0);
});

it('serves on while the collector is down, drops what does not fit, says so once, and goes on when it is back', async () => {
  const port = await freePort();
  const tracing = {
    endpoint: `http://127.0.0.1:${String(port)}`,
    batchSize: 2,
    queueSize: 4,
    interval: '20ms',
    timeout: '1s',
  };
  const torus = await startTorus({ config: configWith({ tracing }) });
  try {
    await ask(torus, 10);
    // Two of the twenty are tried again and again, four wait.
    await until(async () => (await spanCount(torus, 'dropped-queue-full')) >= 14);
    const warning = await torus.waitForLog('Spans could not be exported', 15_000);
    expect(warning).toMatchObject({ level: 'warn', reason: 'ECONNREFUSED', spans: 2 });
    await until(async () => (await spanCount(torus, 'dropped-export-failed')) >= 2);
    expect(await metricSum(torus, 'torus_trace_exports_total', { result: 'failed' })).toBeGreaterThan(0);
    await using collector = await startCollector(undefined, port);
    await collector.atLeast(2, 15_000);
    await torus.waitForLog('Spans are exported again');
    expect(torus.logs().filter(({ msg }) => msg === 'Spans could not be exported')).toHaveLength(1);
  } finally {
    await torus.stop();
  }
}, 60_000);

it('tries again what a collector could not take now, and not what it will not take', async () => {
  await using collector = await startCollector((post) => ({
    status: post === 1 ? 503 : post === 2 ? 400 : 200,
  }));
  const torus = await startTorus({
    config: configWith({ tracing: { endpoint: collector.url, batchSize: 2, interval: '20ms' } }),
  });
  try {
    await ask(torus);
    const warning = await torus.waitForLog('Spans could not be exported');
    expect(warning).toMatchObject({ reason: 'status-400', spans: 2 });
    expect(collector.posts.map(({ spans }) => spans)).toEqual([2, 2]);
    await ask(torus);
    await collector.atLeast(2);
    await until(async () => (await spanCount(torus, 'exported')) === 2);
    expect(await spanCount(torus, 'dropped-export-failed')).toBe(2);
  } finally {
    await torus.stop();
  }
});

it('counts what a collector rejects of a post that it takes', async () => {
  const body = JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'too old' } });
  await using collector = await startCollector(() => ({ status: 200, body }));
  const torus = await startTorus({
    config: configWith({ tracing: { endpoint: collector.url, interval: '20ms', batchSize: 2 } }),
  });
  try {
    await ask(torus);
    await until(async () => (await spanCount(torus, 'rejected')) === 1);
    expect(await spanCount(torus, 'exported')).toBe(1);
    expect(await torus.waitForLog('The collector rejected spans')).toMatchObject({
      spans: 1,
      detail: 'too old',
    });
  } finally {
    await torus.stop();
  }
});

it('does not wait long at the end for a collector that does not answer', async () => {
  await using collector = await startCollector(() => undefined);
  const torus = await startTorus({
    config: configWith({ tracing: { endpoint: collector.url, interval: '60s', timeout: '60s' } }),
  });
  await ask(torus);
  const startedAt = performance.now();
  const { code } = await torus.stop();
  expect(code).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(collector.posts).toHaveLength(1);
  expect(torus.logs().map(({ msg }) => msg)).toContain('Spans were not exported before the end');
});

it('is turned on, changed and off by a reload', async () => {
  await using first = await startCollector();
  await using second = await startCollector();
  const dir = makeTempDir('tracing-reload');
  const file = path.join(dir, 'torus.yaml');
  const say = (tracing: object | boolean): void =>
    writeFileSync(file, JSON.stringify(configWith({ tracing, watch: false })));
  say(false);
  const torus = await startTorus({ args: ['run', '--config', file] });
  const reload = async (version: number): Promise<void> => {
    torus.signal('SIGHUP');
    await until(async () => (await metricSum(torus, 'torus_config_version')) === version);
  };
  try {
    expect(await ask(torus)).not.toHaveProperty('traceparent');
    say({ endpoint: first.url, interval: '20ms' });
    await reload(2);
    expect(await ask(torus)).toHaveProperty('traceparent');
    await first.atLeast(2);
    say({ endpoint: second.url, interval: '20ms', serviceName: 'renamed' });
    await reload(3);
    await ask(torus);
    await second.atLeast(2);
    expect(second.spans[0]?.resource['service.name']).toBe('renamed');
    expect(first.spans).toHaveLength(2);
    say(false);
    await reload(4);
    expect(await ask(torus)).not.toHaveProperty('traceparent');
  } finally {
    await torus.stop();
    removeTempDir(dir);
  }
}, 60_000);

it('takes its settings from the variables of OpenTelemetry where the file is silent', async () => {
  await using collector = await startCollector();
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue%20team,x-other=1',
    OTEL_SERVICE_NAME: 'from-environment',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,service.name=overruled',
  };
  const torus = await startTorus({ config: configWith({}), env });
  await ask(torus);
  await torus.stop();
  expect(collector.posts[0]).toMatchObject({
    url: '/v1/traces',
    headers: { 'x-tenant': 'blue team', 'x-other': '1' },
  });
  expect(collector.spans[0]?.resource).toMatchObject({
    'service.name': 'from-environment',
    'deployment.environment.name': 'staging',
  });
});

it('posts over TLS, to a collector whose certificate is good', async () => {
  const { certPem, keyPem, caFile } = await testCertificate();
  let posts = 0;
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    posts += 1;
    request.resume().on('end', () => response.end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `https://localhost:${String((server.address() as AddressInfo).port)}`;
  const config = configWith({ tracing: { endpoint, batchSize: 2 } });
  const trusting = await startTorus({ config, env: { NODE_EXTRA_CA_CERTS: caFile } });
  const doubting = await startTorus({ config });
  try {
    await ask(trusting);
    await until(async () => (await spanCount(trusting, 'exported')) === 2);
    expect(posts).toBe(1);
    await ask(doubting);
    await doubting.waitForLog('Spans could not be exported', 15_000);
    expect(posts).toBe(1);
  } finally {
    await Promise.all([trusting.stop(), doubting.stop()]);
    server.close();
    server.closeAllConnections();
  }
}, 60_000);

it('prints no header value of the collector', () => {
  const dir = makeTempDir('tracing-print');
  try {
    const file = path.join(dir, 'torus.yaml');
    const headers = { 'X-Team': 'not-for-every-eye' };
    writeFileSync(
      file,
      JSON.stringify(configWith({ tracing: { endpoint: 'http://collector:4318', headers } })),
    );
    const { PATH = '', HOME = '' } = process.env;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [ENTRY, 'check', '--print', '--config', file],
      {
        encoding: 'utf8',
        env: { PATH, HOME },
      },
    );
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('not-for-every-eye')]);
    expect(stdout).toContain('http://collector:4318/v1/traces');
    expect(stdout).toContain('x-team');
    expect(stdout).not.toContain('not-for-every-eye');
  } finally {
    removeTempDir(dir);
  }
});
