import { pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { Fields } from '../../contracts/fields.js';
import type { ForwardJob, ForwardOwner, Forwarding } from '../../contracts/forwarder.js';
import type { Body, ResponseHead } from '../../contracts/message.js';
import type { Timer } from '../../contracts/timers.js';
import type { AttemptKind } from '../../contracts/tracing.js';
import type { AttemptFailure, CheckoutOptions } from '../../contracts/upstream.js';
import { grpcStatusIn } from '../../http/grpc.js';
import type { AttemptOwner, ForwardingServices } from './attempt.js';
import { Attempt, NO_ENDPOINTS } from './attempt.js';
import { tunnelProtocolOf } from './connect-tunnel.js';
import { deadlineLines, takeClaimedDeadline } from './deadline-field.js';
import type { BodyState, Retry } from './exchange-retries.js';
import { ExchangeRetries } from './exchange-retries.js';
import { ReplayBody } from './replay-body.js';
import { isIdempotent, mayRepeat } from './retry-policy.js';
import { Tunnel } from './tunnel.js';

/** The word for an attempt that another one has overtaken. */
const HEDGE_LOST = 'hedge.lost';

/**
 * Owns one exchange between its two sides: which attempts there are, which of them wins, and the way of its response to the
 * client. It watches both sides from the first byte to the last: a pipeline covers a body, never an exchange.
 */
export class ExchangeForwarding implements Forwarding, AttemptOwner {
  readonly job: ForwardJob;
  readonly services: ForwardingServices;
  /** What the tunnel is for that the client asked for, where its route would open one. Otherwise it is served as plain HTTP. */
  readonly upgrade: string | undefined;
  private readonly owner: ForwardOwner;
  /** The one that runs, or ran last; once there is a response, the one that gave it. */
  private attempt: Attempt | undefined = undefined;
  /** Others that run beside it: only of routes that hedge. */
  private rivals: Attempt[] | undefined = undefined;
  private retries: ExchangeRetries | undefined = undefined;
  private replay: ReplayBody | undefined = undefined;
  /** Between two attempts, or until the next hedge. */
  private timer: Timer | undefined = undefined;
  private tunnel: Tunnel | undefined = undefined;
  private claimedDeadlineMs = 0;
  private bodyStarted = false;
  /** The client has (part of) a response other than 100: no further attempt. */
  private committed = false;
  private responded = false;
  private ended = false;
  private draining = false;

  constructor(job: ForwardJob, owner: ForwardOwner, services: ForwardingServices) {
    this.job = job;
    this.owner = owner;
    this.services = services;
    this.upgrade = tunnelProtocolOf(job.downstream.head, job.route.config.upgrades);
  }

  start(): void {
    const { retry, timeouts } = this.job.route.config;
    this.claimedDeadlineMs = takeClaimedDeadline(this.job, timeouts.deadlineField);
    if (retry?.hedge !== undefined) this.awaitHedge();
    this.begin(this.upgrade !== undefined ? 'tunnel' : 'pooled');
  }

  cancel(): void {
    this.stop(undefined);
  }

  private stop(cause: Cause | undefined): void {
    this.finish();
    this.attempt?.cancel(cause);
    this.dropRivals();
    this.tunnel?.destroy();
    this.replay?.settle();
  }

  expire(limitMs: number): void {
    this.attempt?.blameSilence(limitMs / 2);
    this.stop('upstream.exchange.timeout');
  }

  drain(): void {
    this.draining = true;
    this.tunnel?.drain();
  }

  private begin(connection: CheckoutOptions['connection']): void {
    const { exchange } = this.job;
    exchange.phase = 'connect';
    exchange.attempts += 1;
    const attempt = new Attempt(this, connection, this.retries?.tried ?? NO_ENDPOINTS);
    this.attempt = attempt;
    attempt.start(exchange.trace?.attempt(this.job.upstream.name, this.kindOfAttempt()));
  }

  private kindOfAttempt(): AttemptKind {
    if (this.rivals !== undefined && this.rivals.length > 0) return 'hedge';
    return this.job.exchange.attempts > 1 ? 'retry' : 'first';
  }

  // ---- the request ---------------------------------------------------------------------------------------------------

  requestBody(): Body {
    const { body } = this.job;
    if (body.kind !== 'stream') return body;
    this.bodyStarted = true;
    this.replay ??= this.replayOf(body);
    return this.replay === undefined ? body : { kind: 'stream', stream: this.replay.open() };
  }

  /** Kept only where it may be of use: where it could be sent again, and may fit. What was refused unprocessed always can. */
  private replayOf({ stream }: Extract<Body, { kind: 'stream' }>): ReplayBody | undefined {
    const { route, upstream, downstream } = this.job;
    const { retry } = route.config;
    const { method, contentLength } = downstream.head;
    if (retry === undefined || contentLength > retry.bufferBytes) return undefined;
    if (!upstream.mayRefuse && !mayRepeat(retry, method)) return undefined;
    return new ReplayBody(stream, retry.bufferBytes);
  }

  private get bodyState(): BodyState {
    if (!this.bodyStarted) return 'whole';
    return this.replay?.isWhole === true ? 'whole' : 'lost';
  }

  deadlineLines(nowMs: number): string {
    return deadlineLines(this.job, this.claimedDeadlineMs, nowMs);
  }

  // ---- the response --------------------------------------------------------------------------------------------------

  onInterim(attempt: Attempt, head: ResponseHead): void {
    if (this.ended) return;
    // 100 (Continue) says nothing of the response; any other comes from the endpoint that shall answer.
    if (head.status !== 100) this.commitTo(attempt);
    this.job.downstream.sendInterim(head);
  }

  onResponse(attempt: Attempt, head: ResponseHead, body: Body): void {
    if (this.ended) return;
    if (head.status >= 400 && !this.committed && this.isBetterHad(attempt, head, body)) return;
    this.beginResponse(attempt, head, 'response');
    if (body.kind === 'stream') this.streamResponse(attempt, head, body);
    else this.sendWholeResponse(attempt, head, body);
  }

  private sendWholeResponse(
    attempt: Attempt,
    head: ResponseHead,
    body: Exclude<Body, { kind: 'stream' }>,
  ): void {
    const { exchange, downstream } = this.job;
    if (body.kind === 'complete') this.noteTrailers(body.trailers);
    // Back in the pool before the write: the next pipelined request may start within it.
    this.finish();
    attempt.release();
    if (body.kind === 'none') {
      downstream.sendComplete(head, undefined, undefined);
      return;
    }
    exchange.wholeResponseBytes = body.bytes.length;
    downstream.sendComplete(head, body.bytes, body.trailers);
  }

  private streamResponse(
    attempt: Attempt,
    head: ResponseHead,
    body: Extract<Body, { kind: 'stream' }>,
  ): void {
    const { stream } = body;
    const sink = this.job.downstream.sendStreaming(head, () => this.noteTrailers(stream.trailers));
    const { exchange } = this.job;
    exchange.responseCounter = sink;
    sink.flow = exchange.openFlow(this.services.timers).toClient(stream);
    pipeline(stream, sink, (error) => {
      if (!error) {
        this.retries?.end();
        // A client that takes no trailers has not asked for them.
        this.noteTrailers(stream.trailers);
        attempt.release();
      } else if (!this.ended) this.endBroken('downstream.response.aborted', error.code);
    });
  }

  /** The status of a gRPC call comes last. */
  private noteTrailers(trailers: Fields | undefined): Fields | undefined {
    const { grpc } = this.job.exchange;
    if (grpc !== undefined && trailers !== undefined) grpc.status = grpcStatusIn(trailers);
    return trailers;
  }

  private beginResponse(attempt: Attempt, head: ResponseHead, phase: 'response' | 'tunnel'): void {
    const { exchange } = this.job;
    this.responded = true;
    this.commitTo(attempt);
    exchange.status = head.status;
    exchange.phase = phase;
    exchange.responseHeadAfterMs = this.services.timers.now() - exchange.startedAt;
    this.owner.onResponseHead(head);
  }

  onSwitched(attempt: Attempt, head: ResponseHead, socket: Duplex, early: Buffer | undefined): void {
    this.beginResponse(attempt, head, 'tunnel');
    const { exchange, downstream, route } = this.job;
    const client = downstream.switchProtocols(head);
    this.tunnel = new Tunnel(client, socket, {
      timers: this.services.timers,
      idleMs: route.config.timeouts.idleMs,
      early,
      flow: exchange.openFlow(this.services.timers),
      tellsGoing: this.upgrade === 'websocket' && route.config.websocket?.closeOnDrain === true,
      onEnd: (cause, detail) => {
        if (!this.ended) this.endBroken(cause, detail);
      },
    });
    if (this.draining) this.tunnel.drain();
    exchange.responseCounter = this.tunnel.toClient;
    exchange.requestCounter = this.tunnel.fromClient;
  }

  /** The client gets what comes of this attempt. */
  private commitTo(attempt: Attempt): void {
    if (this.committed) return;
    this.committed = true;
    this.timer?.disarm();
    this.replay?.settle();
    if (this.rivals !== undefined) this.elect(attempt);
  }

  // ---- failure -------------------------------------------------------------------------------------------------------

  onFailed(attempt: Attempt, failure: AttemptFailure): void {
    if (this.ended) return;
    if (this.responded) this.endBroken(failure.cause, failure.detail);
    else if (this.withdraw(attempt)) this.retries?.note(failure.endpoint, failure.cause);
    else {
      const retry = this.afterFailure(failure);
      if (retry === undefined) this.giveUp(failure);
      else this.again(retry);
    }
  }

  private afterFailure(failure: AttemptFailure): Retry | undefined {
    if (this.committed) return undefined;
    const retries = this.openRetries();
    if (failure.retry !== 'stale') retries?.avoid(failure.endpoint);
    const retry = retries?.afterFailure(failure, this.bodyState);
    if (retry !== undefined) retries?.note(failure.endpoint, failure.cause);
    return retry;
  }

  private giveUp({ cause, detail, endpoint }: AttemptFailure): void {
    this.finish();
    // It may have failed before there was a connection.
    if (endpoint !== undefined) this.job.exchange.endpoint = endpoint.label;
    this.replay?.settle();
    this.owner.onForwardFailed(cause, detail);
  }

  /** True when the response is let go of: another attempt runs, or will. */
  private isBetterHad(attempt: Attempt, head: ResponseHead, body: Body): boolean {
    const retries = this.openRetries();
    if (retries?.isUnwanted(head.status) !== true) return false;
    const { endpoint } = attempt;
    retries.avoid(endpoint);
    const hasRival = this.hasRival(attempt);
    const retry = hasRival ? undefined : retries.afterResponse(head, this.bodyState);
    if (!hasRival && retry === undefined) return false;
    retries.note(endpoint, `status.${String(head.status)}`);
    this.withdraw(attempt);
    if (body.kind === 'stream') attempt.cancel();
    else attempt.release();
    if (retry !== undefined) this.again(retry);
    return true;
  }

  private again({ waitMs, fresh }: Retry): void {
    const connection = this.upgrade !== undefined ? 'tunnel' : fresh ? 'new' : 'pooled';
    this.job.exchange.phase = 'connect';
    if (waitMs <= 0) {
      this.begin(connection);
      return;
    }
    this.attempt = undefined;
    this.wait(waitMs, () => {
      this.awaitHedge();
      this.begin(connection);
    });
  }

  private openRetries(): ExchangeRetries | undefined {
    const { retry } = this.job.route.config;
    if (retry !== undefined) this.retries ??= new ExchangeRetries(this.job, retry, this.services);
    return this.retries;
  }

  private wait(delayMs: number, next: () => void): void {
    this.timer?.disarm();
    this.timer = this.services.timers.create(next);
    this.timer.arm(delayMs);
  }

  /** The response had begun: the client must see a broken connection, never an end. */
  private endBroken(cause: Cause, detail: string | undefined): void {
    this.finish();
    this.attempt?.cancel();
    this.job.downstream.abort();
    this.owner.onForwardEnded(cause, detail);
  }

  /** No owner call but one may follow. */
  private finish(): void {
    this.ended = true;
    this.timer?.disarm();
    this.retries?.end();
  }

  // ---- hedging -------------------------------------------------------------------------------------------------------

  private awaitHedge(): void {
    const { hedge } = this.job.route.config.retry ?? {};
    const { body, downstream } = this.job;
    const isSafe =
      isIdempotent(downstream.head.method) && body.kind !== 'stream' && this.upgrade === undefined;
    if (hedge === undefined || !isSafe) return;
    this.wait(hedge.afterMs, () => {
      this.hedge();
    });
  }

  /** Another attempt beside those that run, on another endpoint. */
  private hedge(): void {
    const retries = this.openRetries();
    const before = this.attempt;
    if (before === undefined || retries?.hedge() !== true) return;
    for (const running of [before, ...(this.rivals ?? [])]) retries.avoid(running.endpoint);
    (this.rivals ??= []).push(before);
    this.awaitHedge();
    this.begin('pooled');
  }

  private hasRival(attempt: Attempt): boolean {
    if (this.rivals === undefined) return false;
    return attempt === this.attempt ? this.rivals.length > 0 : true;
  }

  /** Takes an attempt that is over out of the race. True when another one still runs. */
  private withdraw(attempt: Attempt): boolean {
    if (this.rivals === undefined) return false;
    if (attempt === this.attempt) this.attempt = this.rivals.pop();
    else this.rivals = this.rivals.filter((rival) => rival !== attempt);
    return this.attempt !== undefined;
  }

  private elect(winner: Attempt): void {
    const losers = [this.attempt, ...(this.rivals ?? [])].filter((attempt) => attempt !== winner);
    this.attempt = winner;
    this.rivals = undefined;
    for (const loser of losers) {
      if (loser === undefined) continue;
      this.retries?.note(loser.endpoint, HEDGE_LOST);
      loser.cancel(HEDGE_LOST);
    }
    this.job.exchange.endpoint = winner.endpoint?.label;
  }

  private dropRivals(): void {
    for (const rival of this.rivals ?? []) rival.cancel();
    this.rivals = undefined;
  }
}
