/** An OTLP/HTTP receiver: keeps the spans that are posted to it as JSON, and answers as a test tells it. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './until.js';

export type AttributeValue = string | number | boolean;

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  /** 2 server, 3 client. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly failed: boolean;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

export interface CollectorAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestCollector {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string;
  readonly port: number;
  /** In order of arrival. */
  readonly spans: readonly CollectedSpan[];
  readonly posts: readonly {
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly spans: number;
  }[];
  /** Waits until that many spans are there, and gives them. */
  atLeast(count: number, timeoutMs?: number): Promise<readonly CollectedSpan[]>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly boolValue?: boolean;
  };
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status?: { readonly code?: number };
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const valuesOf = (attributes: readonly OtlpAttribute[]): Record<string, AttributeValue> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, intValue, boolValue } = value;
      return [key, stringValue ?? (intValue === undefined ? (boolValue ?? '') : Number(intValue))];
    }),
  );

export const spansIn = (body: string): CollectedSpan[] =>
  (JSON.parse(body) as OtlpRequest).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId ?? '',
        name: span.name,
        kind: span.kind,
        startNs: BigInt(span.startTimeUnixNano),
        endNs: BigInt(span.endTimeUnixNano),
        attributes: valuesOf(span.attributes),
        failed: span.status?.code === 2,
        links: span.links ?? [],
        resource: valuesOf(resource.attributes),
      })),
    ),
  );

/** `answer` is asked for each post; undefined leaves it unanswered. Only posts answered with 200 are kept. */
export const startCollector = async (
  answer: (post: number) => CollectorAnswer | undefined = () => ({ status: 200, body: '{}' }),
  port = 0,
): Promise<TestCollector> => {
  const spans: CollectedSpan[] = [];
  const posts: { url: string; headers: IncomingHttpHeaders; spans: number }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const posted = spansIn(Buffer.concat(chunks).toString());
      posts.push({ url: request.url ?? '', headers: request.headers, spans: posted.length });
      const said = answer(posts.length);
      if (said === undefined) return;
      if (said.status === 200) spans.push(...posted);
      response
        .writeHead(said.status, { 'content-type': 'application/json', ...said.headers })
        .end(said.body ?? '');
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  const close = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : Promise.resolve();
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${String(bound)}`,
    port: bound,
    spans,
    posts,
    atLeast: async (count, timeoutMs = 10_000) => {
      await until(() => spans.length >= count, timeoutMs, `${String(count)} spans at the collector`);
      return spans;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
