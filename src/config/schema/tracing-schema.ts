/** Owns the grammar and defaults of `tracing` and `metrics`. */
import * as z from 'zod';
import { parseCollectorUrl } from '../parse/collector-url.js';
import { parseFieldName } from '../parse/field.js';
import { fieldValue, flag, integer, positiveDuration, share, text } from './scalars.js';

/** What HTTP itself says of a post. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'content-length',
  'content-type',
  'transfer-encoding',
  'expect',
  'upgrade',
  'keep-alive',
]);

const headers = z
  .record(z.string(), fieldValue())
  .superRefine((fields, context) => {
    for (const name of Object.keys(fields)) {
      const result = parseFieldName(name);
      const message = OWN_FIELDS.has(name.toLowerCase())
        ? 'must not be a header that Torus sets itself'
        : undefined;
      const complaint = result.ok ? message : result.message;
      if (complaint !== undefined) context.addIssue({ code: 'custom', path: [name], message: complaint });
    }
  })
  .prefault({});

const attributeValue = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a text, a number, true or false' })
  .transform(String);

const tracingSchema = z
  .strictObject({
    endpoint: text('URL', parseCollectorUrl)
      .prefault('http://localhost:4318/v1/traces')
      .describe(
        'Where spans are posted to: OTLP over HTTP with JSON. Without a path, `/v1/traces` is added.',
      ),
    headers: headers
      .describe('Sent with every post, for collectors that ask who is there. The values are never printed.')
      .meta({ 'x-examples': [{ authorization: 'Bearer ${OTLP_TOKEN}' }] }),
    sampling: share()
      .prefault('100%')
      .describe(
        'Share of the traces that are recorded, of those that begin here. Traces of trusted peers are recorded where the peer records them.',
      )
      .meta({ 'x-examples': ['10%'] }),
    tracesPerSecond: integer(1, 1_000_000)
      .prefault(100)
      .describe(
        'Of those, recorded at most in each worker, on average: up to five seconds of it may come at once. What is beyond it is counted.',
      ),
    clientContext: z
      .enum(['continue', 'trust', 'restart'])
      .prefault('continue')
      .describe(
        "`traceparent` of clients that are not in `trustedProxies`: their trace goes on, and `sampling` decides whether it is recorded (`continue`); the client decides that too (`trust`); or a new trace begins, with a link to the client's (`restart`).",
      ),
    serviceName: z.string().min(1).max(255).prefault('torus').describe('`service.name` of the spans.'),
    attributes: z
      .record(z.string().min(1).max(255), attributeValue)
      .prefault({})
      .describe('What else the spans say of where they come from: attributes of the OpenTelemetry resource.')
      .meta({ 'x-examples': [{ 'deployment.environment.name': 'production' }] }),
    timeout: positiveDuration()
      .prefault('10s')
      .describe('A post without an answer for this long has failed.'),
    interval: positiveDuration()
      .prefault('5s')
      .describe('Spans wait at most this long for others to be posted with.'),
    batchSize: integer(1, 10_000).prefault(512).describe('Spans in one post.'),
    queueSize: integer(1, 100_000)
      .prefault(2048)
      .describe('Spans that may wait in one worker. Further ones are dropped, and counted.'),
  })
  .refine(({ batchSize, queueSize }) => batchSize <= queueSize, {
    path: ['batchSize'],
    error: 'must not be more than queueSize',
  });

/** What `tracing: true` means. */
const TRACING_DEFAULT = tracingSchema.parse({});

export const tracingSwitchSchema = z
  .union([flag(), tracingSchema], {
    error: 'must be true, false, or an object such as { endpoint: http://127.0.0.1:4318 }',
  })
  .prefault(false)
  .transform((value) => (typeof value === 'boolean' ? (value ? TRACING_DEFAULT : undefined) : value))
  .describe(
    'Records exchanges and their attempts as OpenTelemetry spans: `true`, `false`, or how. Variables such as OTEL_EXPORTER_OTLP_ENDPOINT are read where it says nothing.',
  )
  .meta({ 'x-type': 'boolean, or an object' });

export const metricsSchema = z.strictObject({
  exemplars: flag()
    .prefault(false)
    .describe(
      'Durations in `/metrics` name the trace of a request that took that long, for scrapers that ask for OpenMetrics. Needs `tracing`.',
    ),
});

export type TracingDocument = z.output<typeof tracingSwitchSchema>;
