/** The admin listener: probes, the Prometheus text as a strict reader sees it, and counters that never go back. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import {
  echo,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

interface Family {
  readonly kind: string;
  readonly series: Map<string, number>;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?[\d.eE+-]+|NaN|[+-]Inf)$/;

const familyOf = (name: string, families: ReadonlyMap<string, Family>): Family | undefined =>
  families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));

/** Reads the text format as strictly as promtool: HELP and TYPE once before the samples, no series twice, all values numbers. */
const parseExposition = (text: string): Map<string, Family> => {
  const families = new Map<string, Family>();
  const helped = new Set<string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help] = /^# HELP (\w+) \S/.exec(line) ?? [];
    const [, typed, kind = ''] = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (help !== undefined) {
      expect(helped.has(help)).toBe(false);
      helped.add(help);
    } else if (typed !== undefined) {
      expect([helped.has(typed), families.has(typed)]).toEqual([true, false]);
      if (kind === 'counter') expect(typed).toMatch(/_total$/);
      families.set(typed, { kind, series: new Map() });
    } else readSample(line, families);
  }
  return families;
};

const readSample = (line: string, families: ReadonlyMap<string, Family>): void => {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  if (name === '') throw new Error(`not a sample: ${line}`);
  const family = familyOf(name, families);
  if (family === undefined) throw new Error(`no TYPE before ${line}`);
  if (family.series.has(name + labels)) throw new Error(`twice: ${line}`);
  family.series.set(name + labels, Number(value.replace('Inf', 'Infinity')));
};

const sum = (family: Family | undefined, matches = ''): number =>
  [...(family?.series ?? [])].reduce(
    (total, [key, value]) => (key.includes(matches) ? total + value : total),
    0,
  );

/** Documented in docs/metrics.md: name -> [kind, labels]. */
const documented = (): Map<string, [string, string]> => {
  const text = readFileSync(path.resolve(__dirname, '../../../docs/metrics.md'), 'utf8');
  const rows = text.matchAll(/^\| `(torus_\w+)` \| (\w+) \| ([\w, ]*)\|/gm);
  return new Map([...rows].map(([, name = '', kind = '', labels = '']) => [name, [kind, labels.trim()]]));
};

describe('the admin listener', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;

  beforeAll(async () => {
    upstream = await startHttpUpstream(echo);
    torus = await startTorus({
      config: {
        workers: 2,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { echo: { endpoints: [upstream.url] } },
        routes: [{ name: 'api', match: { path: '/api/*', methods: ['GET'] }, upstream: 'echo' }],
      },
    });
    // Ready means that one worker serves; these tests want both.
    await until(async () => sum((await scrape()).get('torus_workers'), 'phase="ready"') === 2);
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const scrape = async (): Promise<Map<string, Family>> =>
    parseExposition(await (await torus.admin('/metrics')).text());
  const ask = async (line: string): Promise<number> => {
    const client = await rawClient({ port: torus.port() });
    const { status } = await client.exchange(requestHead(line));
    await client.close();
    return status;
  };

  it('answers its probes', async () => {
    for (const [target, body] of [
      ['/livez', 'ok\n'],
      ['/readyz', 'ready\n'],
    ] as const) {
      const response = await torus.admin(target);
      expect([response.status, await response.text()]).toEqual([200, body]);
      expect(response.headers.get('cache-control')).toBe('no-store');
    }
  });

  it('refuses other methods with 405 and Allow, and other paths with 404', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await torus.admin('/metrics', { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      await response.arrayBuffer();
    }
    expect((await torus.admin('/livez', { method: 'HEAD' })).status).toBe(200);
    for (const target of ['/nowhere', '/livez/', '/__proto__', '/constructor'])
      expect((await torus.admin(target)).status).toBe(404);
  });

  it.each([
    ['evil.example', 421],
    ['evil.example:9901', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost', 200],
    ['127.0.0.1:9901', 200],
    ['[::1]:9901', 200],
  ])('answers Host %s with %i', async (host, expected) => {
    // A page that rebinds its name to 127.0.0.1 still sends its own name.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const options = { port: torus.adminPort, path: '/livez', headers: { host }, agent: false };
      request(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(expected);
  });

  it('speaks the Prometheus text format, with the documented families and labels and no other', async () => {
    await ask('GET /api/x');
    await ask('GET /nowhere');
    const response = await torus.admin('/metrics');
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const families = parseExposition(await response.text());
    const table = documented();
    expect([...families.keys()].sort()).toEqual([...table.keys()].sort());
    for (const [name, { kind, series }] of families) {
      expect([name, kind]).toEqual([name, table.get(name)?.[0]]);
      const labels = new Set((table.get(name)?.[1] ?? '').split(', ').filter(Boolean));
      for (const key of series.keys())
        for (const [, label = ''] of key.matchAll(/[{,](\w+)="/g))
          expect([name, label, labels.has(label) || label === 'le']).toEqual([name, label, true]);
    }
  });

  it('counts a request by route, method, status and cause, with its duration', async () => {
    const before = await scrape();
    expect([await ask('GET /api/x'), await ask('POST /api/x'), await ask('GET /nowhere')]).toEqual([
      200, 405, 404,
    ]);
    await ask('GET /bad target');
    const after = await scrape();
    const grown = (family: string, labels: string): number =>
      sum(after.get(family), labels) - sum(before.get(family), labels);
    const name = 'torus_http_requests_total';
    expect(grown(name, 'route="api",method="GET",status="200",cause="ok"')).toBe(1);
    expect(grown(name, 'method="POST",status="405",cause="downstream.route.method-not-allowed"')).toBe(1);
    expect(grown(name, 'route="none",method="GET",status="404",cause="downstream.route.not-found"')).toBe(1);
    expect(grown('torus_rejected_requests_total', 'status="400",cause="downstream.head.malformed"')).toBe(1);
    expect(grown('torus_http_request_duration_seconds', '_count{route="api"')).toBe(1);
    expect(grown('torus_http_request_duration_seconds', 'route="api",le="+Inf"')).toBe(1);
    expect(grown('torus_http_response_bytes_total', 'route="api"')).toBeGreaterThan(50);
  });

  it('shows each worker for itself, and their sum', async () => {
    for (let count = 0; count < 6; count += 1) await ask('GET /api/x');
    const families = await scrape();
    const perWorker = families.get('torus_worker_requests_total');
    expect([...(perWorker?.series.keys() ?? [])].sort()).toEqual([
      'torus_worker_requests_total{worker="1"}',
      'torus_worker_requests_total{worker="2"}',
    ]);
    expect(sum(perWorker)).toBe(sum(families.get('torus_http_requests_total')));
    expect(families.get('torus_worker_open_fds')?.series.size).toBe(2);
    expect(sum(families.get('torus_workers'), 'phase="ready"')).toBe(2);
  });

  it('says of each worker how much of its limits it uses, and what its event loop and its memory cost', async () => {
    const families = await scrape();
    const of = (family: string, labels = ''): number => sum(families.get(family), `worker="1"${labels}`);
    expect(of('torus_worker_max_fds')).toBeGreaterThan(of('torus_worker_open_fds'));
    expect(of('torus_worker_open_fds')).toBeGreaterThan(5);
    expect(of('torus_worker_heap_limit_bytes')).toBeGreaterThan(of('torus_worker_heap_used_bytes'));
    const [median, longest] = ['0.5', '1'].map((quantile) =>
      of('torus_worker_event_loop_delay_seconds', `,quantile="${quantile}"`),
    );
    expect(longest).toBeGreaterThanOrEqual(median!);
    expect(of('torus_worker_event_loop_utilization')).toBeLessThanOrEqual(1);
    // Each answer leaves garbage behind.
    const collected = async (family: string): Promise<number> =>
      sum((await scrape()).get(family), 'kind="minor"');
    await until(async () => {
      await Promise.all(Array.from({ length: 50 }, () => ask('GET /api/x')));
      return (await collected('torus_worker_gc_pauses_total')) > 0;
    }, 20_000);
    expect(await collected('torus_worker_gc_seconds_total')).toBeGreaterThan(0);
  });

  it('keeps a ledger of sockets: opened is closed plus open', async () => {
    const held = await rawClient({ port: torus.port() });
    await held.exchange(requestHead('GET /api/held'));
    const balance = async (): Promise<boolean> => {
      const families = await scrape();
      const open = sum(families.get('torus_sockets_open'));
      const opened = sum(families.get('torus_sockets_opened_total'));
      expect(opened).toBe(sum(families.get('torus_sockets_closed_total')) + open);
      // The client held, its upstream connection, and what earlier tests left in the pools.
      return sum(families.get('torus_sockets_open'), 'side="downstream"') === 1;
    };
    await until(balance, 5_000, 'one client socket in the ledger');
    await held.close();
  });

  it('never lets a summed counter go back, even when a worker is killed', async () => {
    for (let count = 0; count < 6; count += 1) await ask('GET /api/x');
    const before = await scrape();
    const [victim] = torus.workers();
    process.kill(victim!, 'SIGKILL');
    await torus.waitForLog(`Worker ${String(victim)} crashed. Forking a replacement...`);
    await until(() => torus.workers().length === 2 && !torus.workers().includes(victim!));
    await until(async () => sum((await scrape()).get('torus_workers'), 'phase="ready"') === 2);
    const after = await scrape();
    const summed = [...before].filter(
      ([name, { kind }]) => kind !== 'gauge' && !name.startsWith('torus_worker_'),
    );
    expect(summed.length).toBeGreaterThan(8);
    for (const [name, { series }] of summed)
      for (const [key, value] of series)
        expect([key, (after.get(name)?.series.get(key) ?? -1) >= value]).toEqual([key, true]);
    expect(sum(after.get('torus_worker_restarts_total'))).toBe(1);
    expect(await ask('GET /api/x')).toBe(200);
  });
});
