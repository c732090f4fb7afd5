import { envelopeOf } from '../../../../src/observability/tracing/otlp-json.js';
import { SpanQueue } from '../../../../src/observability/tracing/span-queue.js';
import type { SpanBatch } from '../../../../src/observability/tracing/span-queue.js';

const ENVELOPE = { before: '[', after: ']' };

const textOf = (batch: SpanBatch | undefined): string =>
  batch === undefined ? 'none' : Buffer.from(batch.body()).toString();

it('gives full batches first, then the one that is being filled, then none', () => {
  const queue = new SpanQueue();
  for (const span of ['1', '2', '3']) queue.add(span, 2, ENVELOPE);
  expect(queue.waiting).toBe(3);
  expect(textOf(queue.take())).toBe('[1,2]');
  expect(queue.waiting).toBe(1);
  expect(textOf(queue.take())).toBe('[3]');
  expect(textOf(queue.take())).toBe('none');
  expect(queue.waiting).toBe(0);
});

it('writes into a batch that was given back as into a new one', () => {
  const queue = new SpanQueue();
  queue.add('"long ago"', 1, ENVELOPE);
  const first = queue.take();
  if (first !== undefined) queue.giveBack(first);
  queue.add('2', 2, { before: '{', after: '}' });
  const second = queue.take();
  expect(second).toBe(first);
  expect(textOf(second)).toBe('{2}');
});

it('holds spans of any size', () => {
  const queue = new SpanQueue();
  const spans = Array.from({ length: 300 }, (_, n) => `"${String(n).padEnd(1_000 + n * 10, 'x')}"`);
  for (const span of spans) queue.add(span, 300, ENVELOPE);
  expect(JSON.parse(textOf(queue.take()))).toEqual(spans.map((span) => JSON.parse(span) as string));
});

it('is as long as it says where values are not ASCII', () => {
  const queue = new SpanQueue();
  const envelope = envelopeOf({ 'service.name': 'Überraschung 漢字 😀' }, '0');
  queue.add('{}', 1, envelope);
  const document = JSON.parse(textOf(queue.take())) as {
    resourceSpans: [{ resource: { attributes: [{ value: { stringValue: string } }] } }];
  };
  expect(document.resourceSpans[0].resource.attributes[0].value.stringValue).toBe('Überraschung 漢字 😀');
});
