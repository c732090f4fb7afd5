/** OpenMetrics: the same counts for scrapers that ask for it, and with exemplars the trace of a request behind a duration. */
import {
  startCollector,
  startHttpUpstream,
  startTorus,
  type RunningTorus,
  type TestCollector,
  type TestUpstream,
} from '../../support/index.js';

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
/** As Prometheus 3 asks. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

let upstream: TestUpstream;
let collector: TestCollector;
let torus: RunningTorus;

const start = (exemplars: boolean): Promise<RunningTorus> =>
  startTorus({
    config: {
      workers: 2,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      metrics: { exemplars },
      tracing: { endpoint: collector.url, interval: '20ms' },
      upstreams: { one: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'one' }],
    },
  });

const scrape = async (
  from: RunningTorus,
  accept: string,
): Promise<{ text: string; contentType: string | null }> => {
  const response = await from.admin('/metrics', { headers: { accept } });
  return { text: await response.text(), contentType: response.headers.get('content-type') };
};

beforeAll(async () => {
  upstream = await startHttpUpstream();
  collector = await startCollector();
  torus = await start(true);
  for (let count = 0; count < 4; count += 1)
    await (await fetch(`${torus.url()}/`, { headers: { connection: 'close' } })).arrayBuffer();
  await collector.atLeast(8);
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([upstream.close(), collector.close()]);
});

it('answers in OpenMetrics who asks for it, with canonical names, bounds and an end', async () => {
  const { text, contentType } = await scrape(torus, PROMETHEUS_ACCEPT);
  expect(contentType).toBe(OPENMETRICS);
  expect(text).toContain('# TYPE torus_http_requests counter\n');
  expect(text).toMatch(/\ntorus_http_requests_total\{route="all",method="GET",status="200",cause="ok"\} 4\n/);
  expect(text).toMatch(/_bucket\{route="all",le="1\.0"\} 4/);
  expect(text.endsWith('# EOF\n')).toBe(true);
});

it('names in a bucket the newest trace that took that long', async () => {
  const { text } = await scrape(torus, 'application/openmetrics-text');
  const exemplars = [
    ...text.matchAll(
      /^torus_http_request_duration_seconds_bucket\{route="all",le="([^"]+)"\} \d+ # \{trace_id="([0-9a-f]{32})"\} (\S+) (\d+\.\d{3})$/gm,
    ),
  ];
  expect(exemplars.length).toBeGreaterThan(0);
  const traces = new Set(collector.spans.map(({ traceId }) => traceId));
  for (const [, bound, traceId = '', value, at] of exemplars) {
    expect(traces.has(traceId)).toBe(true);
    expect(Number(value)).toBeLessThanOrEqual(bound === '+Inf' ? Infinity : Number(bound));
    expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(60);
  }
});

it.each([
  '',
  '*/*',
  'text/plain',
  'application/openmetrics-text;q=0',
  'text/plain, application/openmetrics-text;q=0.1',
])('answers Accept: %s in the format of Prometheus, which has no exemplars', async (accept) => {
  const { text, contentType } = await scrape(torus, accept);
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).not.toMatch(/trace_id|# EOF/);
  expect(text).toContain('# TYPE torus_http_requests_total counter\n');
});

it('shows no exemplars unless they are asked for', async () => {
  const plain = await start(false);
  try {
    await (await fetch(`${plain.url()}/`, { headers: { connection: 'close' } })).arrayBuffer();
    const { text, contentType } = await scrape(plain, 'application/openmetrics-text');
    expect(contentType).toBe(OPENMETRICS);
    expect(text).not.toContain('trace_id');
  } finally {
    await plain.stop();
  }
});
