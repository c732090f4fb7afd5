import type { CollectorAnswer } from '../../../../src/observability/tracing/collector-connection.js';
import { envelopeOf } from '../../../../src/observability/tracing/otlp-json.js';
import { SpanExporter } from '../../../../src/observability/tracing/span-exporter.js';
import { until } from '../../../support/until.js';

type Reply = () => Promise<CollectorAnswer>;

const status =
  (code: number, retryAfter?: string): Reply =>
  () =>
    Promise.resolve({ status: code, retryAfter, body: '{}' });
const ok = status(200);

/** An exporter whose posts get these replies, the last one again and again. */
const exporterWith = (
  replies: Reply[],
  settings: Partial<{ batchSize: number; queueSize: number; intervalMs: number }> = {},
) => {
  const posts: string[] = [];
  const waits: number[] = [];
  const warnings: object[] = [];
  const exporter = new SpanExporter(
    {
      endpoint: 'http://collector/v1/traces',
      headers: {},
      timeoutMs: 1000,
      intervalMs: 60_000,
      batchSize: 2,
      queueSize: 4,
      envelope: envelopeOf({}, '0'),
      ...settings,
    },
    {
      post: ({ body }) => {
        posts.push(Buffer.from(body).toString());
        return (replies.length > 1 ? replies.shift() : replies[0])?.() ?? ok();
      },
      wait: (delayMs) => {
        waits.push(delayMs);
        return Promise.resolve();
      },
      random: () => 0.5,
      now: () => 0,
      onPost: () => undefined,
      warn: (facts) => warnings.push(facts),
      info: () => undefined,
    },
  );
  const count = (result: string): number =>
    exporter.metrics().counters['torus_trace_spans_total']?.find(([labels]) => labels[0] === result)?.[1] ??
    -1;
  return { exporter, posts, waits, warnings, count };
};

const spansOf = (post = ''): unknown =>
  (JSON.parse(post) as { resourceSpans: [{ scopeSpans: [{ spans: unknown }] }] }).resourceSpans[0]
    .scopeSpans[0].spans;

it('posts a batch as one document, in order', async () => {
  const { exporter, posts, count } = exporterWith([ok], { batchSize: 3 });
  for (const n of [1, 2, 3]) exporter.add(`{"n":${String(n)}}`);
  await until(() => count('exported') === 3);
  expect(posts.map(spansOf)).toEqual([[{ n: 1 }, { n: 2 }, { n: 3 }]]);
});

it('holds no more than the queue allows while a post is under way, and posts the rest one batch after the other', async () => {
  let release = (): void => undefined;
  const held: Reply = () => new Promise((resolve) => (release = () => void ok().then(resolve)));
  const { exporter, posts, count } = exporterWith([held, ok]);
  for (let n = 0; n < 10; n += 1) exporter.add('{}');
  expect(posts).toHaveLength(1);
  expect(count('dropped-queue-full')).toBe(4);
  release();
  await until(() => count('exported') === 6);
  expect(posts).toHaveLength(3);
});

it.each([429, 502, 503, 504])(
  'waits longer and longer while the answer is %d, then gives the batch up',
  async (code) => {
    const { exporter, posts, waits, warnings, count } = exporterWith([status(code)]);
    exporter.add('{}');
    exporter.add('{}');
    await until(() => count('dropped-export-failed') === 2);
    expect(posts).toHaveLength(4);
    expect(waits).toEqual([500, 1000, 2000]);
    expect(warnings).toEqual([{ reason: `status-${String(code)}`, spans: 2 }]);
  },
);

it('waits as long as the collector asks, within a bound', async () => {
  const { exporter, waits, count } = exporterWith([status(503, '3'), status(503, '86400'), ok]);
  exporter.add('{}');
  exporter.add('{}');
  await until(() => count('exported') === 2);
  expect(waits).toEqual([3000, 10_000]);
});

it.each([301, 400, 401, 404, 500])('does not try again after %d', async (code) => {
  const { exporter, posts, count } = exporterWith([status(code)]);
  exporter.add('{}');
  exporter.add('{}');
  await until(() => count('dropped-export-failed') === 2);
  expect(posts).toHaveLength(1);
});

it('posts what waits at the end, without a second try', async () => {
  const { exporter, posts, waits, count } = exporterWith([ok, status(503)], { batchSize: 3, queueSize: 10 });
  for (let n = 0; n < 2; n += 1) exporter.add('{}');
  await exporter.flush(1000);
  expect(count('exported')).toBe(2);
  expect(posts).toHaveLength(1);
  expect(waits).toEqual([]);
});

it('counts as lost what could not be posted before the end, and takes nothing more', async () => {
  const never: Reply = () => new Promise(() => undefined);
  const { exporter, warnings, count } = exporterWith([never]);
  for (let n = 0; n < 3; n += 1) exporter.add('{}');
  await exporter.flush(20);
  expect(count('dropped-export-failed')).toBe(3);
  expect(warnings).toEqual([{ spans: 3 }]);
  exporter.add('{}');
  expect(count('dropped-queue-full')).toBe(1);
});
