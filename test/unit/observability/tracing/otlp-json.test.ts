/** The encoder, judged by the OpenTelemetry SDK: what it writes for a span is what the SDK's own serialiser writes. */
import { SpanKind, SpanStatusCode, TraceFlags, type Link } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import {
  envelopeOf,
  intAttribute,
  SPAN_KIND,
  spanJson,
  textAttribute,
  trueAttribute,
} from '../../../../src/observability/tracing/otlp-json.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = '00f067aa0ba902b7';
const AWKWARD = 'quote " backslash \\ tab \t zero \u0000 ümlaut 漢字 \u2028';

const base = {
  traceId: TRACE,
  spanId: SPAN,
  parentId: PARENT,
  name: `GET /${AWKWARD}`,
  kind: SPAN_KIND.server,
  startMs: 1_795_292_826_162.25,
  endMs: 1_795_292_826_163.5,
  attributes: textAttribute('url.path')(AWKWARD) + intAttribute('status')(200) + trueAttribute('reused'),
  failed: true,
  link: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) },
};

const bySdk = (links: Link[]): Record<string, unknown> => {
  const span = {
    name: base.name,
    kind: SpanKind.SERVER,
    spanContext: () => ({ traceId: TRACE, spanId: SPAN, traceFlags: TraceFlags.SAMPLED }),
    parentSpanContext: { traceId: TRACE, spanId: PARENT, traceFlags: TraceFlags.SAMPLED },
    startTime: [1_795_292_826, 162_250_000],
    endTime: [1_795_292_826, 163_500_000],
    duration: [0, 1_250_000],
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'url.path': AWKWARD, status: 200, reused: true },
    links,
    events: [],
    ended: true,
    resource: resourceFromAttributes({ 'service.name': 'torus', 'awkward"key': AWKWARD, 'process.pid': 7 }),
    instrumentationScope: { name: 'torus', version: '0.1.0' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  } satisfies ReadableSpan;
  return JSON.parse(Buffer.from(JsonTraceSerializer.serializeRequest([span]) ?? []).toString()) as Record<
    string,
    unknown
  >;
};

/** Without what says nothing (counts of 0, empty lists) and what is optional (flags): the protobuf defaults. */
const normalised = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => key !== 'flags' && item !== 0 && !(Array.isArray(item) && item.length === 0))
      .map(([key, item]) => [key, normalised(item)]),
  );
};

it('writes what the serialiser of the SDK writes', () => {
  const { before, after } = envelopeOf(
    { 'service.name': 'torus', 'awkward"key': AWKWARD, 'process.pid': 7 },
    '0.1.0',
  );
  const own: unknown = JSON.parse(`${before}${spanJson(base)}${after}`);
  const sdk = bySdk([{ context: { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 0 } }]);
  expect(normalised(own)).toEqual(normalised(sdk));
});

it('leaves out the parent of the first span of a trace, links and a status where there are none', () => {
  const span = JSON.parse(
    spanJson({ ...base, parentId: '', link: undefined, failed: false, attributes: '' }),
  ) as Record<string, unknown>;
  expect(Object.keys(span)).toEqual([
    'traceId',
    'spanId',
    'name',
    'kind',
    'startTimeUnixNano',
    'endTimeUnixNano',
    'attributes',
  ]);
  expect(span['attributes']).toEqual([]);
});

it('cuts what a client made long', () => {
  const span = JSON.parse(
    spanJson({ ...base, attributes: textAttribute('user_agent.original')('x'.repeat(5000)) }),
  ) as {
    attributes: { value: { stringValue: string } }[];
  };
  expect(span.attributes[0]?.value.stringValue).toHaveLength(1024);
});
