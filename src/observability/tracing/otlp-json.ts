/**
 * Owns how spans are written: OTLP as JSON (opentelemetry-proto, trace.proto in the JSON mapping of protobuf with the exceptions of
 * the OTLP specification: ids in hexadecimal, enums as numbers). Written by hand because it runs for every recorded exchange.
 */

export const SPAN_KIND = { server: 2, client: 3 } as const;

export interface SpanText {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentId: string;
  readonly name: string;
  readonly kind: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** Made of `textAttribute` and its like. */
  readonly attributes: string;
  readonly failed: boolean;
  /** What the client sent as its span, where the trace does not go on from there. */
  readonly link: { readonly traceId: string; readonly spanId: string } | undefined;
}

// Longer values are cut: a span is bounded whatever a client sends.
const MAX_VALUE_LENGTH = 1024;
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/;

const quote = (value: string): string => {
  const bounded = value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value;
  return NEEDS_ESCAPE.test(bounded) ? JSON.stringify(bounded) : `"${bounded}"`;
};

/** Attributes follow each other with a comma before each; the first one's is taken off at the end. */
export const textAttribute = (key: string, value: string): string =>
  `,{"key":"${key}","value":{"stringValue":${quote(value)}}}`;

/** Of each key; then they are forgotten, and begin anew. */
const MAX_KNOWN = 500;

/** As `textAttribute`, for a key with values that come again and again: each is written once, in one piece. */
export const knownAttribute = (key: string): ((value: string) => string) => {
  const written = new Map<string, string>();
  return (value) => {
    const known = written.get(value);
    if (known !== undefined) return known;
    if (written.size >= MAX_KNOWN) written.clear();
    const text = inOnePiece(textAttribute(key, value));
    written.set(value, text);
    return text;
  };
};

/** A text put together of pieces is kept as the pieces, and gathered at each use. */
const inOnePiece = (text: string): string => Buffer.from(text).toString();

export const intAttribute = (key: string, value: number): string =>
  `,{"key":"${key}","value":{"intValue":${value}}}`;

export const trueAttribute = (key: string): string => `,{"key":"${key}","value":{"boolValue":true}}`;

/** Of a span whose key is not known to be harmless. */
export const givenAttribute = (key: string, value: string): string =>
  `,{"key":${quote(key)},"value":{"stringValue":${quote(value)}}}`;

let knownSecond = -1;
let knownSecondText = '';

/** To the microsecond: more is not held by a double of the time since the epoch. Seconds are written once each. */
const nanoseconds = (ms: number): string => {
  const microseconds = Math.round(ms * 1000);
  const second = Math.floor(microseconds / 1_000_000);
  if (second !== knownSecond) {
    knownSecond = second;
    knownSecondText = String(second);
  }
  const rest = microseconds - second * 1_000_000;
  return `${knownSecondText}${String(1_000_000 + rest).slice(1)}000`;
};

const STATUS_ERROR = ',"status":{"code":2}';

export const spanJson = (span: SpanText): string => {
  const { traceId, spanId, parentId, link } = span;
  const parent = parentId === '' ? '' : `,"parentSpanId":"${parentId}"`;
  const links =
    link === undefined ? '' : `,"links":[{"traceId":"${link.traceId}","spanId":"${link.spanId}"}]`;
  return (
    `{"traceId":"${traceId}","spanId":"${spanId}"${parent},"name":${quote(span.name)},"kind":${span.kind}` +
    `,"startTimeUnixNano":"${nanoseconds(span.startMs)}","endTimeUnixNano":"${nanoseconds(span.endMs)}"` +
    `,"attributes":[${span.attributes.slice(1)}]${links}${span.failed ? STATUS_ERROR : ''}}`
  );
};

/** What stands around the spans of one post. */
export interface Envelope {
  readonly before: string;
  readonly after: string;
}

export const envelopeOf = (resource: Readonly<Record<string, string>>, scopeVersion: string): Envelope => {
  const attributes = Object.entries(resource)
    .map(([key, value]) => givenAttribute(key, value))
    .join('')
    .slice(1);
  return {
    before:
      `{"resourceSpans":[{"resource":{"attributes":[${attributes}]},"scopeSpans":[{"scope":` +
      `{"name":"torus","version":${quote(scopeVersion)}},"spans":[`,
    after: ']}]}]}',
  };
};
