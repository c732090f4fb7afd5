// Over 400 lines: the order of a request's life is read in one place; what each step does is elsewhere.
import type { Cause } from '../contracts/cause.js';
import type { DownstreamObserver, DownstreamStream, RequestHandler } from '../contracts/downstream.js';
import type { GrpcCall } from '../contracts/exchange.js';
import type { Fields } from '../contracts/fields.js';
import type { Filter, FilterVerdict, LocalReply } from '../contracts/filter.js';
import type { ForwardOwner, Forwarding } from '../contracts/forwarder.js';
import type { LiveExchange } from '../contracts/live-view.js';
import type { Body, ResponseHead } from '../contracts/message.js';
import type { Overload } from '../contracts/overload.js';
import type { BodyRules, CompiledRoute, UpstreamSplit } from '../contracts/router.js';
import type { Telemetry } from '../contracts/telemetry.js';
import type { Timer, Timers } from '../contracts/timers.js';
import type { Upstream } from '../contracts/upstream.js';
import { CAUSES } from '../errors/causes.js';
import { copyOf, fieldsOf } from '../http/field-block.js';
import { grpcStatusIn } from '../http/grpc.js';
import { spendForward } from '../http/max-forwards.js';
import { gatherBody } from './body-buffer.js';
import { clientBehind } from './client-behind.js';
import { ProxyExchange } from './exchange.js';
import { TRACE_FIELD, traceAskedFor, type TraceReport } from './trace-report.js';
import type { Graph } from './graph.js';
import { WHOLE_WAIT_MS, describeExchange } from './live-exchange.js';
import { grpcLimit } from './grpc-deadline.js';
import { renderReply } from './local-reply.js';
import type { RequestIds } from './request-id.js';
import { RunningExchanges } from './running-exchanges.js';
import type { Placed } from './running-exchanges.js';
import { sheds } from './shedding.js';
import { unmatched } from './unmatched.js';

/**
 * The life of one request, in order: begin, match a route, run the request filters, forward, run the response filters,
 * complete. Whatever happens on the way, `complete` runs exactly once, with one cause.
 */

export interface HttpProxyOptions {
  /** What serves until the first swap. */
  readonly graph: Graph;
  readonly telemetry: Telemetry;
  readonly timers: Timers;
  readonly requestIds: RequestIds;
  readonly overload: Overload;
}

export class HttpProxy {
  readonly options: HttpProxyOptions;
  readonly running = new RunningExchanges<ExchangeRun>();
  /** Exchanges that have ended, ever. */
  completedCount = 0;
  private current: Graph;
  private onIdle: (() => void) | undefined = undefined;

  constructor(options: HttpProxyOptions) {
    this.options = options;
    this.current = options.graph;
  }

  /** Where exchanges begin now. */
  get graph(): Graph {
    return this.current;
  }

  /** Exchanges begin in `next` from now on; those that run stay in the graph they began with. */
  swap(next: Graph): void {
    const before = this.current;
    this.current = next;
    before.retire();
  }

  readonly handle: RequestHandler = (downstream) => {
    new ExchangeRun(this, downstream).begin();
  };

  /** Resolves when no exchange is running. */
  whenIdle(): Promise<void> {
    if (this.running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onIdle = resolve;
    });
  }

  /** An exchange has ended. */
  forget(run: ExchangeRun): void {
    this.running.delete(run);
    this.completedCount += 1;
    if (this.running.size === 0) this.onIdle?.();
  }
}

export class ExchangeRun implements DownstreamObserver, ForwardOwner, Placed {
  place = -1;
  private readonly proxy: HttpProxy;
  private readonly downstream: DownstreamStream;
  private readonly exchange: ProxyExchange;
  private readonly graph: Graph;
  private route: CompiledRoute | undefined = undefined;
  private upstream: Upstream | undefined = undefined;
  private fields: Fields;
  private body: Body;
  private forwarding: Forwarding | undefined = undefined;
  private deadline: Timer | undefined = undefined;
  /** Only for a client that asked for it, and may. */
  private readonly trace: TraceReport | undefined;
  /** The cause to end with once the response has left. */
  private outcome: Cause = 'ok';
  private answered = false;
  private completed = false;

  constructor(proxy: HttpProxy, downstream: DownstreamStream) {
    const { options, graph } = proxy;
    const client = clientBehind(downstream.client, downstream.head.fields, graph.trusted);
    const claimedId = client.trusted ? downstream.head.fields.get(graph.requestIdField) : undefined;
    // The serialiser drops every client's X-Request-Id; a field of another name that Torus sets is dropped here.
    if (graph.requestIdField !== 'x-request-id') downstream.head.fields.remove(graph.requestIdField);
    this.trace = graph.traceFrom && traceAskedFor(client, downstream.head.fields, graph.traceFrom);
    this.proxy = proxy;
    this.graph = graph;
    this.downstream = downstream;
    this.fields = downstream.head.fields;
    this.body = downstream.body;
    this.exchange = new ProxyExchange(downstream, {
      id: claimedId === undefined ? options.requestIds.next() : options.requestIds.adopt(claimedId),
      client,
      startedAt: options.timers.now(),
    });
    if (graph.tracer !== undefined) this.exchange.trace = graph.tracer.begin(this.exchange);
  }

  begin(): void {
    this.proxy.running.add(this);
    this.graph.enter();
    this.proxy.options.telemetry.exchangeStarted(this.exchange);
    this.downstream.observe(this);
    this.matchRoute();
  }

  // ---- route ---------------------------------------------------------------------------------------------------------

  private matchRoute(): void {
    const { head } = this.downstream;
    const match = this.graph.router.match(head);
    if (match.kind === 'matched') {
      this.takeRoute(match.target);
      return;
    }
    const reply = unmatched(match.kind, head);
    if (match.kind === 'not-found') this.reply(reply);
    else this.reply({ ...reply, fields: [['allow', match.allow.join(', ')]] });
  }

  private takeRoute(route: CompiledRoute): void {
    this.exchange.route = route;
    const { overload } = this.proxy.options;
    if (sheds(overload, route)) {
      this.refuseOverloaded(overload);
      return;
    }
    this.route = route;
    const { requestMs } = route.config.timeouts;
    const limitMs =
      this.exchange.grpc === undefined ? requestMs : this.takeGrpcDeadline(this.exchange.grpc, requestMs);
    if (limitMs > 0) this.startDeadline(limitMs, requestMs);
    if (route.filters.length === 0) {
      this.forward(route);
      return;
    }
    this.fields = copyOf(this.fields);
    this.runRequestFilters(route, 0);
  }

  /** Before any filter and any upstream: the answer costs next to nothing, and no filter hears of the exchange. */
  private refuseOverloaded({ shedBy, retryAfter }: Overload): void {
    this.exchange.detail = shedBy;
    this.proxy.options.telemetry.requestShed(shedBy);
    const fields = [['retry-after', retryAfter]] as const;
    this.reply({ status: 503, cause: 'internal.overload.shed', fields });
  }

  private takeGrpcDeadline(call: GrpcCall, requestMs: number): number {
    const limitMs = grpcLimit(call, this.fields, { requestMs, startedAt: this.exchange.startedAt });
    if (limitMs > 0) {
      this.fields = copyOf(this.fields);
      this.fields.remove('grpc-timeout');
    }
    return limitMs;
  }

  /** The endpoint may be to blame when the route's patience runs out, but not when the client's does, who may ask for any. */
  private startDeadline(limitMs: number, routeMs: number): void {
    this.deadline = this.proxy.options.timers.create(() => {
      if (limitMs === routeMs) this.forwarding?.expire(limitMs);
      this.fail('upstream.exchange.timeout', 'request-deadline');
    });
    this.deadline.arm(limitMs);
  }

  // ---- request filters -----------------------------------------------------------------------------------------------

  /** Goes through the filters without a promise until one of them needs it. */
  private runRequestFilters(route: CompiledRoute, from: number): void {
    for (let index = from; index < route.filters.length; index += 1) {
      const verdict = this.ask(route.filters[index]);
      if (verdict instanceof Promise) {
        this.awaitVerdict(verdict, () => {
          this.runRequestFilters(route, index + 1);
        });
        return;
      }
      if (this.stoppedBy(verdict)) return;
    }
    this.checkBody(route);
  }

  private ask(filter: Filter | undefined): FilterVerdict | Promise<FilterVerdict> {
    try {
      this.trace?.asks(filter);
      return filter?.onRequest?.(this.exchange, this.fields);
    } catch (error) {
      return this.filterFailed(error);
    }
  }

  private awaitVerdict(verdict: Promise<FilterVerdict>, next: () => void): void {
    verdict.then(
      (reply) => {
        if (!this.stoppedBy(reply)) next();
      },
      (error: unknown) => {
        this.stoppedBy(this.filterFailed(error));
      },
    );
  }

  /** True when the exchange does not go on: a filter answered, or the client has left meanwhile. */
  private stoppedBy(verdict: FilterVerdict): boolean {
    if (this.completed || this.answered) return true;
    if (verdict === undefined) return false;
    this.trace?.isAnswered(verdict.status);
    this.reply(verdict);
    return true;
  }

  private filterFailed(error: unknown): LocalReply {
    this.exchange.detail = error instanceof Error ? error.name : 'unknown';
    return { status: 500, cause: 'internal.filter.failed' };
  }

  /** Limits and filters that concern the body itself. */
  private checkBody(route: CompiledRoute): void {
    if (this.downstream.isFaulty === true) return;
    const { maxBytes, readers } = route.bodyRules;
    if (this.downstream.requestBytes > maxBytes) {
      this.reply({ status: 413, cause: 'downstream.filter.too-large' });
      return;
    }
    if (this.body.kind === 'stream' && maxBytes < Infinity) this.downstream.limitRequestBody(maxBytes);
    // Whoever waits for 100 (Continue) would wait for ever: the upstream is asked only once the body is here.
    if (readers.length > 0 && this.downstream.head.expectsContinue) this.downstream.sendInterim(CONTINUE);
    if (readers.length === 0) this.forward(route);
    else
      this.awaitVerdict(this.runBodyFilters(route.bodyRules), () => {
        this.forward(route);
      });
  }

  private async runBodyFilters({ readers, bufferBytes }: BodyRules): Promise<FilterVerdict> {
    this.trace?.asks(BODY_BUFFER);
    const bytes = await gatherBody(this.body, bufferBytes);
    if (bytes === 'too-large') return { status: 413, cause: 'downstream.filter.too-large' };
    if (bytes === 'broken') return undefined;
    for (const filter of readers) {
      this.trace?.asks(filter);
      const verdict = await filter.onRequestBody?.(this.exchange, bytes, this.fields);
      if (verdict !== undefined) return verdict;
    }
    if (this.body.kind === 'stream') {
      this.exchange.openFlow(this.proxy.options.timers).noteHeld(bytes.length);
      this.body = { kind: 'complete', bytes, trailers: this.body.stream.trailers };
    }
    return undefined;
  }

  // ---- forward -------------------------------------------------------------------------------------------------------

  private forward(route: CompiledRoute): void {
    if (this.downstream.isFaulty === true) return;
    if (this.downstream.head.method === 'OPTIONS' && this.isFinalRecipient(route)) return;
    const upstream = route.split === undefined ? route.upstream : this.chosenBy(route.split, route);
    this.upstream = upstream;
    if (upstream === undefined) {
      this.reply({ status: 503, cause: 'upstream.pick.none-available' });
      return;
    }
    const { exchange, downstream, fields, body } = this;
    this.forwarding = this.graph.forwarder.forward(
      { exchange, downstream, route, upstream, fields, body },
      this,
    );
  }

  private chosenBy(split: UpstreamSplit, route: CompiledRoute): Upstream {
    const upstream = split.choose(this.exchange);
    this.exchange.chosenUpstream = upstream.name;
    this.proxy.options.telemetry.splitChosen(route.name, upstream.name);
    return upstream;
  }

  /** Max-Forwards of an OPTIONS request may end it here, and counts down otherwise. */
  private isFinalRecipient(route: CompiledRoute): boolean {
    const verdict = spendForward(this.fields);
    if (verdict === 'on') return false;
    this.exchange.detail = 'max-forwards';
    const { methods } = route.config.match;
    const allow = methods.length === 0 ? [] : [['allow', methods.join(', ')] as const];
    this.reply(
      verdict === 'last'
        ? { status: 200, cause: 'ok', fields: allow }
        : { status: 400, cause: 'downstream.head.malformed' },
    );
    return true;
  }

  onResponseHead(head: ResponseHead): void {
    this.answered = true;
    const { grpc } = this.exchange;
    if (grpc !== undefined) grpc.status = grpcStatusIn(head.fields);
    // A tunnel lasts as long as its ends want it to.
    if (this.exchange.phase === 'tunnel') this.deadline?.disarm();
    const filters = this.route?.filters ?? [];
    for (let index = filters.length - 1; index >= 0; index -= 1)
      filters[index]?.onResponse?.(this.exchange, head);
    this.upstream?.markResponse(this.exchange, head);
    if (this.trace !== undefined) this.tell(this.trace, head, 'ok');
  }

  onForwardFailed(cause: Cause, detail: string | undefined): void {
    this.exchange.detail = detail;
    this.reply({ status: CAUSES[cause].status, cause });
  }

  onForwardEnded(cause: Cause, detail: string | undefined): void {
    this.exchange.detail = detail;
    this.complete(cause);
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  /** Answers locally. The exchange completes when the answer has left. */
  private reply(reply: LocalReply): void {
    if (this.completed) return;
    this.answered = true;
    this.outcome = reply.cause;
    this.exchange.phase = 'response';
    this.downstream.discardRequestBody();
    const problem = renderReply(this.exchange, reply, this.graph.proxyName);
    this.exchange.status = problem.head.status;
    if (this.trace !== undefined) this.tell(this.trace, problem.head, reply.cause);
    this.exchange.repliedAfterMs = this.proxy.options.timers.now() - this.exchange.startedAt;
    this.exchange.wholeResponseBytes = problem.body?.length ?? 0;
    this.downstream.sendComplete(problem.head, problem.body, undefined);
  }

  private tell(trace: TraceReport, head: ResponseHead, cause: Cause): void {
    head.fields.set(TRACE_FIELD, trace.render(this.exchange, cause, this.proxy.options.timers.now()));
  }

  onDownstreamFinished(): void {
    this.complete(this.outcome);
  }

  onDownstreamFailure(cause: Cause, detail: string | undefined): void {
    this.fail(cause, detail);
  }

  /** Ends the exchange early: with an answer while that is possible, else by breaking the connection. */
  private fail(cause: Cause, detail: string | undefined): void {
    if (this.completed) return;
    this.exchange.detail = detail;
    this.cancel();
    const { status } = CAUSES[cause];
    if (status > 0 && !this.answered && !this.downstream.isGone) {
      this.reply({ status, cause });
      return;
    }
    this.downstream.abort();
    this.complete(cause);
  }

  /** A client that can be told to go is told. */
  drain(): void {
    this.forwarding?.drain?.();
  }

  /** Cuts the exchange at the drain deadline. */
  cut(): void {
    if (this.completed) return;
    this.cancel();
    this.downstream.abort();
    this.complete('internal.drain.cut');
  }

  /** Lets go of the upstream. A tunnel closes its client too, which of a socket would look like an end: it is reset first. */
  private cancel(): void {
    const { phase, request } = this.exchange;
    if (phase === 'tunnel' && request.httpVersion !== '2') this.downstream.abort();
    this.forwarding?.cancel();
  }

  get isOver(): boolean {
    return this.completed;
  }

  get id(): string {
    return this.exchange.id;
  }

  /** An operator wants it to end: answered while that is possible, else broken off. */
  kill(): void {
    this.fail('internal.exchange.killed', 'operator');
  }

  private complete(cause: Cause): void {
    if (this.completed) return;
    this.completed = true;
    this.deadline?.disarm();
    const { exchange, proxy } = this;
    exchange.cause = cause;
    exchange.phase = 'done';
    exchange.durationMs = proxy.options.timers.now() - exchange.startedAt;
    const waitedMs = exchange.wholeWaitMs(exchange.durationMs);
    if (waitedMs >= WHOLE_WAIT_MS)
      exchange.openFlow(proxy.options.timers).noteWhole(waitedMs, exchange.wholeResponseBytes);
    exchange.flow?.settle();
    for (const filter of this.route?.filters ?? NO_FILTERS) filter.onComplete?.(exchange);
    exchange.trace?.end(exchange);
    proxy.options.telemetry.exchangeCompleted(exchange);
    proxy.forget(this);
    this.graph.leave();
  }

  /** What it is doing now. */
  describe(nowMs: number): LiveExchange {
    return describeExchange(this.exchange, nowMs, this.body);
  }
}

const CONTINUE: ResponseHead = {
  status: 100,
  reason: 'Continue',
  fields: fieldsOf([]),
  framing: 'none',
  contentLength: -1,
};
/** Stands in a trace for the wait for a body that filters want to see. */
const BODY_BUFFER: Pick<Filter, 'name'> = { name: 'body' };
const NO_FILTERS: readonly Filter[] = [];
