/** Owns the decision about each exchange's trace: which one it is part of, and whether it is recorded. */
import type { Exchange } from '../../contracts/exchange.js';
import type { TracingConfig } from '../../contracts/tracing-config.js';
import type { AttemptKind, AttemptTrace, ExchangeTrace, Tracer } from '../../contracts/tracing.js';
import { flagsOf, isTraceState, parseTraceParent } from '../../http/trace-context.js';
import type { TraceParent } from '../../http/trace-context.js';
import { RecordedAttempt } from './attempt-span.js';
import type { AttemptContext } from './attempt-span.js';
import { exchangeAttributes, exchangeSpanName, isFailedExchange } from './exchange-span.js';
import { SPAN_KIND, spanJson } from './otlp-json.js';
import { TraceBudget } from './trace-budget.js';
import { isChosen } from './trace-ids.js';
import type { TraceIds } from './trace-ids.js';
import type { WallClock } from './wall-clock.js';

export interface TracerServices {
  readonly ids: TraceIds;
  readonly clock: WallClock;
  /** Monotonic milliseconds: the clock of the data plane. */
  now(): number;
  /** From 0 up to 1. */
  random(): number;
  /** An exchange was to be recorded, and is not: there were too many in this second. */
  onLimited(): void;
  /** Takes a span as JSON. */
  record(span: string): void;
}

export type TracerPolicy = Pick<TracingConfig, 'sampling' | 'clientContext' | 'tracesPerSecond'>;

const NOTHING: readonly string[] = [];
const STATE: readonly string[] = ['tracestate'];
const PARENT: readonly string[] = ['traceparent'];
const PARENT_AND_STATE: readonly string[] = ['traceparent', 'tracestate'];

export class WorkerTracer implements Tracer {
  private readonly policy: TracerPolicy;
  private readonly services: TracerServices;
  private readonly budget: TraceBudget;

  constructor(policy: TracerPolicy, services: TracerServices) {
    this.policy = policy;
    this.services = services;
    this.budget = new TraceBudget(policy.tracesPerSecond);
  }

  begin(exchange: Exchange): ExchangeTrace {
    const { fields } = exchange.request;
    if (fields.has('traceparent')) return this.beginBelow(exchange);
    return this.beginNew(fields.has('tracestate') ? STATE : NOTHING, exchange, undefined);
  }

  private beginBelow(exchange: Exchange): ExchangeTrace {
    const { fields } = exchange.request;
    const parent = parseTraceParent(fields.getAll('traceparent'));
    const { clientContext } = this.policy;
    const isTrusted = exchange.client.trusted || clientContext === 'trust';
    if (parent === undefined || (clientContext === 'restart' && !isTrusted))
      return this.beginNew(PARENT_AND_STATE, exchange, parent);
    const states = fields.getAll('tracestate');
    const replaced = states.length > 0 && !isTraceState(states) ? PARENT_AND_STATE : PARENT;
    // A client could choose ids that are always recorded: for those who are not believed, chance decides.
    const sampled = isTrusted
      ? parent.sampled
      : this.services.random() < this.policy.sampling && this.isAffordable(exchange);
    return this.traceOf(exchange, {
      traceId: parent.traceId,
      parentId: parent.parentId,
      flags: flagsOf(sampled, parent.random),
      sampled,
      replaced,
      link: undefined,
    });
  }

  private beginNew(
    replaced: readonly string[],
    exchange: Exchange,
    link: TraceParent | undefined,
  ): ExchangeTrace {
    const traceId = this.services.ids.traceId();
    const sampled = isChosen(traceId, this.policy.sampling) && this.isAffordable(exchange);
    return this.traceOf(exchange, {
      traceId,
      parentId: '',
      flags: flagsOf(sampled, false),
      sampled,
      replaced,
      link,
    });
  }

  private isAffordable({ startedAt }: Exchange): boolean {
    const affordable = this.budget.take(startedAt);
    if (!affordable) this.services.onLimited();
    return affordable;
  }

  private traceOf(exchange: Exchange, place: Place): ExchangeTrace {
    const spanId = this.services.ids.spanId();
    return place.sampled
      ? new RecordedTrace(exchange, spanId, place, this.services)
      : new PassingTrace(spanId, place);
  }
}

/** Where an exchange stands in its trace. */
interface Place {
  readonly traceId: string;
  /** Empty where the trace begins here. */
  readonly parentId: string;
  readonly flags: string;
  readonly sampled: boolean;
  readonly replaced: readonly string[];
  readonly link: TraceParent | undefined;
}

/** A trace that goes on, and is not recorded here: one object for the exchange and all its attempts. */
class PassingTrace implements ExchangeTrace, AttemptTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled = false;
  readonly replaced: readonly string[];
  private readonly flags: string;

  constructor(spanId: string, { traceId, flags, replaced }: Place) {
    this.traceId = traceId;
    this.spanId = spanId;
    this.replaced = replaced;
    this.flags = flags;
  }

  get traceparent(): string {
    return `00-${this.traceId}-${this.spanId}-${this.flags}`;
  }

  attempt(): AttemptTrace {
    return this;
  }

  connected(): void {
    // Not recorded.
  }

  responded(): void {
    // Not recorded.
  }

  end(): void {
    // Not recorded.
  }
}

class RecordedTrace implements ExchangeTrace, AttemptContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled = true;
  readonly replaced: readonly string[];
  readonly exchange: Exchange;
  readonly flags: string;
  readonly epochMs: number;
  private readonly parentId: string;
  private readonly link: TraceParent | undefined;
  private readonly services: TracerServices;

  constructor(exchange: Exchange, spanId: string, place: Place, services: TracerServices) {
    this.exchange = exchange;
    this.spanId = spanId;
    this.traceId = place.traceId;
    this.parentId = place.parentId;
    this.flags = place.flags;
    this.replaced = place.replaced;
    this.link = place.link;
    this.services = services;
    this.epochMs = services.clock.epochMs;
  }

  get exchangeSpanId(): string {
    return this.spanId;
  }

  now(): number {
    return this.services.now();
  }

  record(span: string): void {
    this.services.record(span);
  }

  attempt(upstream: string, kind: AttemptKind): AttemptTrace {
    const resends = kind === 'mirror' ? 0 : this.exchange.attempts - 1;
    return new RecordedAttempt(this, { spanId: this.services.ids.spanId(), upstream, kind, resends });
  }

  end(exchange: Exchange): void {
    const { traceId, spanId, parentId, epochMs, link } = this;
    const startMs = epochMs + exchange.startedAt;
    const failed = isFailedExchange(exchange);
    this.record(
      spanJson({
        traceId,
        spanId,
        parentId,
        failed,
        name: exchangeSpanName(exchange),
        kind: SPAN_KIND.server,
        startMs,
        endMs: startMs + exchange.durationMs,
        attributes: exchangeAttributes(exchange, failed),
        link: link === undefined ? undefined : { traceId: link.traceId, spanId: link.parentId },
      }),
    );
  }
}
