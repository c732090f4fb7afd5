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

/** What stands between quotes. */
const inner = (value: string): string => {
  const bounded = value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value;
  return NEEDS_ESCAPE.test(bounded) ? escaped(bounded) : bounded;
};

/** ASCII alone, so that a text is as many bytes as characters. */
const escaped = (value: string): string =>
  JSON.stringify(value)
    .slice(1, -1)
    .replace(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );

/**
 * Writers of one attribute each, whose key is known to be harmless. A comma stands before every attribute; the first one's is taken
 * off at the end. They add pieces instead of filling templates: a template asks of each piece whether it is a text.
 */
export const textAttribute = (key: string): ((value: string) => string) => {
  const before = `,{"key":"${key}","value":{"stringValue":"`;
  return (value) => before + inner(value) + '"}}';
};

export const intAttribute = (key: string): ((value: number) => string) => {
  const before = `,{"key":"${key}","value":{"intValue":`;
  return (value) => before + String(value) + '}}';
};

export const trueAttribute = (key: string): string => `,{"key":"${key}","value":{"boolValue":true}}`;

/** Of each writer; then they are forgotten, and begin anew. */
const MAX_KNOWN = 500;

/** For values that come again and again: what is written of each is made once, in one piece. */
export const remembered = <Value extends string | number>(
  write: (value: Value) => string,
): ((value: Value) => string) => {
  const written = new Map<Value, string>();
  return (value) => {
    const known = written.get(value);
    if (known !== undefined) return known;
    if (written.size >= MAX_KNOWN) written.clear();
    const text = inOnePiece(write(value));
    written.set(ofItsOwn(value), text);
    return text;
  };
};

/** A text cut out of a request keeps the whole head of it. */
const ofItsOwn = <Value extends string | number>(value: Value): Value =>
  typeof value === 'string' ? (inOnePiece(value) as Value) : value;

/** A text put together of pieces is kept as the pieces, and gathered at each use. */
const inOnePiece = (text: string): string => Buffer.from(text).toString();

/** `textAttribute`, remembered. */
export const knownAttribute = (key: string): ((value: string) => string) => remembered(textAttribute(key));

/** One whose key is not known to be harmless. */
const givenAttribute = (key: string, value: string | number): string =>
  typeof value === 'number' ? intAttribute(inner(key))(value) : textAttribute(inner(key))(value);

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
  return knownSecondText + String(1_000_000 + rest).slice(1) + '000';
};

export const spanJson = (span: SpanText): string => {
  const { traceId, spanId, parentId, link } = span;
  let text = '{"traceId":"' + traceId + '","spanId":"' + spanId;
  if (parentId !== '') text += '","parentSpanId":"' + parentId;
  text += '","name":"' + inner(span.name) + '","kind":' + String(span.kind);
  text += ',"startTimeUnixNano":"' + nanoseconds(span.startMs);
  text += '","endTimeUnixNano":"' + nanoseconds(span.endMs);
  text += '","attributes":[' + span.attributes.slice(1);
  if (link !== undefined)
    text += '],"links":[{"traceId":"' + link.traceId + '","spanId":"' + link.spanId + '"}';
  return text + (span.failed ? '],"status":{"code":2}}' : ']}');
};

/** What stands around the spans of one post. */
export interface Envelope {
  readonly before: string;
  readonly after: string;
}

export const envelopeOf = (
  resource: Readonly<Record<string, string | number>>,
  scopeVersion: string,
): Envelope => {
  const attributes = Object.entries(resource)
    .map(([key, value]) => givenAttribute(key, value))
    .join('')
    .slice(1);
  return {
    before:
      `{"resourceSpans":[{"resource":{"attributes":[${attributes}]},"scopeSpans":[{"scope":` +
      `{"name":"torus","version":"${inner(scopeVersion)}"},"spans":[`,
    after: ']}]}]}',
  };
};
