/** Owns the span of one request to an upstream, as the HTTP semantic conventions of OpenTelemetry for clients have it. */
import type { Exchange } from '../../contracts/exchange.js';
import type { AttemptKind, AttemptTrace } from '../../contracts/tracing.js';
import type { Endpoint, UpstreamConnection } from '../../contracts/upstream.js';
import { attemptSpanName, grpcAttributes, methodAttributes } from './exchange-span.js';
import {
  intAttribute,
  knownAttribute,
  remembered,
  SPAN_KIND,
  spanJson,
  textAttribute,
  trueAttribute,
} from './otlp-json.js';

const withUpstream = knownAttribute('torus.upstream');
const withKind = knownAttribute('torus.attempt.kind');
const withCause = knownAttribute('torus.cause');
const withError = knownAttribute('error.type');
const withServer = knownAttribute('server.address');
const withEndpoint = knownAttribute('torus.endpoint');
const withServerPort = intAttribute('server.port');
const withStatus = remembered(intAttribute('http.response.status_code'));
const withResends = remembered(intAttribute('http.request.resend_count'));
const withUrl = textAttribute('url.full');
const withConnectedAfter = intAttribute('torus.connected_after_us');
const withResponseAfter = intAttribute('torus.response_head_after_us');
const REUSED = trueAttribute('torus.connection.reused');

/** What a span needs of the trace it belongs to. */
export interface AttemptContext {
  readonly exchange: Exchange;
  readonly traceId: string;
  readonly exchangeSpanId: string;
  readonly flags: string;
  /** Added to monotonic milliseconds it makes milliseconds since the epoch. */
  readonly epochMs: number;
  /** Monotonic milliseconds. */
  now(): number;
  record(span: string): void;
}

export interface AttemptPlan {
  readonly spanId: string;
  readonly upstream: string;
  readonly kind: AttemptKind;
  /** Requests sent before this one, for the same exchange. */
  readonly resends: number;
}

export class RecordedAttempt implements AttemptTrace {
  private readonly context: AttemptContext;
  private readonly plan: AttemptPlan;
  private readonly startedAt: number;
  private connectedAt = -1;
  private respondedAt = -1;
  private endpoint: Endpoint | undefined = undefined;
  private target = '';
  private reused = false;
  private status = 0;
  private over = false;

  constructor(context: AttemptContext, plan: AttemptPlan) {
    this.context = context;
    this.plan = plan;
    this.startedAt = context.now();
  }

  get traceparent(): string {
    const { traceId, flags } = this.context;
    return `00-${traceId}-${this.plan.spanId}-${flags}`;
  }

  connected(connection: Pick<UpstreamConnection, 'endpoint' | 'reused'>, target: string): void {
    this.endpoint = connection.endpoint;
    this.reused = connection.reused;
    this.target = target;
    this.connectedAt = this.context.now();
  }

  responded(status: number): void {
    this.status = status;
    this.respondedAt = this.context.now();
  }

  end(cause: string | undefined, endpoint?: Endpoint): void {
    if (this.over) return;
    this.over = true;
    this.endpoint ??= endpoint;
    const { context, plan, startedAt } = this;
    const { epochMs, exchange } = context;
    const error = this.errorOf(cause);
    context.record(
      spanJson({
        traceId: context.traceId,
        spanId: plan.spanId,
        parentId: context.exchangeSpanId,
        name: attemptSpanName(exchange),
        kind: SPAN_KIND.client,
        startMs: epochMs + startedAt,
        endMs: epochMs + context.now(),
        attributes: this.attributes(cause, error),
        failed: error !== undefined,
        link: undefined,
      }),
    );
  }

  /** Given up by Torus itself is no error: the client left, or another attempt was quicker. */
  private errorOf(cause: string | undefined): string | undefined {
    if (cause !== undefined)
      return cause.startsWith('upstream.') || cause.startsWith('internal.') ? cause : undefined;
    if (this.status >= 400) return String(this.status);
    const { grpc } = this.context.exchange;
    return this.plan.kind !== 'mirror' && grpc !== undefined && grpc.status > 0
      ? String(grpc.status)
      : undefined;
  }

  private attributes(cause: string | undefined, error: string | undefined): string {
    const { context, plan, status } = this;
    const { exchange } = context;
    return (
      methodAttributes(exchange.request.method) +
      this.endpointAttributes() +
      (status === 0 ? '' : withStatus(status)) +
      (plan.resends === 0 ? '' : withResends(plan.resends)) +
      (error === undefined ? '' : withError(error)) +
      (plan.kind === 'mirror' ? '' : grpcAttributes(exchange)) +
      withUpstream(plan.upstream) +
      withKind(plan.kind) +
      (cause === undefined ? '' : withCause(cause)) +
      this.timeAttributes()
    );
  }

  private endpointAttributes(): string {
    const { endpoint, target } = this;
    if (endpoint === undefined) return '';
    const { label, scheme = 'http' } = endpoint;
    return (
      (target === '' ? '' : withUrl(originsOf[scheme](label) + withoutQuery(target))) +
      addressAttributes(label) +
      (this.reused ? REUSED : '')
    );
  }

  /** Microseconds from the beginning of the attempt. */
  private timeAttributes(): string {
    const { startedAt, connectedAt, respondedAt } = this;
    return (
      (connectedAt < 0 ? '' : withConnectedAfter(microseconds(connectedAt - startedAt))) +
      (respondedAt < 0 ? '' : withResponseAfter(microseconds(respondedAt - startedAt)))
    );
  }
}

interface Address {
  readonly host: string;
  readonly port: string;
}

/** Of `host:port`. */
const addressIn = (label: string): Address => {
  const colon = label.lastIndexOf(':');
  return { host: label.slice(0, colon), port: label.slice(colon + 1) };
};

const addressAttributes = remembered((label: string) => {
  const { host, port } = addressIn(label);
  return withServer(host) + withServerPort(Number(port)) + withEndpoint(label);
});

const originOf = (scheme: string, label: string): string => {
  const { host, port } = addressIn(label);
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

const originsOf = {
  http: remembered((label: string) => originOf('http', label)),
  https: remembered((label: string) => originOf('https', label)),
};

const microseconds = (ms: number): number => Math.round(ms * 1000);

/** Queries hold what people search for, and tokens. */
const withoutQuery = (target: string): string => {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
};
