import { pipeline } from 'node:stream';
import type { Duplex, Writable } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { ForwardJob } from '../../contracts/forwarder.js';
import type { Body, ResponseHead } from '../../contracts/message.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { AttemptTrace } from '../../contracts/tracing.js';
import type {
  AttemptFailure,
  AttemptObserver,
  Checkout,
  CheckoutOptions,
  Endpoint,
  UpstreamConnection,
} from '../../contracts/upstream.js';
import type { Applicant, RequestLimiter } from '../../contracts/upstream-limits.js';
import { establishedHead, handshakeKeyFor, isAccepted, tunnelOpenHead } from './connect-tunnel.js';
import type { ForwardedLines } from './forwarded-lines.js';
import { hostFor, targetOf } from './request-target.js';

export interface ForwardingServices {
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly forwardedLines: ForwardedLines;
}

/** Whose attempt it is. None of these is called once the attempt is over, or was cancelled. */
export interface AttemptOwner {
  readonly job: ForwardJob;
  readonly services: ForwardingServices;
  /** What the client asked to upgrade to, where the route allows it. */
  readonly upgrade: string | undefined;
  /** The request body from its beginning. */
  requestBody(): Body;
  /** Lines about the time that is left, each ended by CRLF, or nothing. */
  deadlineLines(nowMs: number): string;
  onInterim(attempt: Attempt, head: ResponseHead): void;
  onResponse(attempt: Attempt, head: ResponseHead, body: Body): void;
  onSwitched(attempt: Attempt, head: ResponseHead, socket: Duplex, early: Buffer | undefined): void;
  /** Before the response, or inside it. */
  onFailed(attempt: Attempt, failure: AttemptFailure): void;
}

/** Why an attempt was cancelled, where nobody says more. */
const GIVEN_UP = 'cancelled';

/** Endpoints not to go to, for a first attempt. */
export const NO_ENDPOINTS: readonly Endpoint[] = [];

/**
 * Owns one try of an exchange on one endpoint, from the wish for a connection to its release: the checkout, the connection, what
 * is sent on it, and its time. What follows from the outcome is its owner's business. It is its own checkout options and
 * observer, so that an attempt is one object.
 */
export class Attempt implements AttemptObserver, CheckoutOptions, Applicant {
  readonly connection: CheckoutOptions['connection'];
  readonly avoid: readonly Endpoint[];
  readonly responseHeadTimeoutMs: number;
  readonly idleTimeoutMs: number;
  private readonly owner: AttemptOwner;
  private checkout: Checkout | undefined = undefined;
  private leased: UpstreamConnection | undefined = undefined;
  private requestSink: Writable | undefined = undefined;
  private timer: Timer | undefined = undefined;
  /** Where it has a place, or waits for one. */
  private limiter: RequestLimiter | undefined = undefined;
  /** -1 before. */
  private admittedAtMs = -1;
  /** When the request had been sent in full, or up to now. */
  private sentAtMs = 0;
  /** Of a WebSocket whose client speaks HTTP/2. */
  private handshakeKey: string | undefined = undefined;
  /** Where the exchange is traced. */
  private trace: AttemptTrace | undefined = undefined;
  /** The final response head is here. */
  private responded = false;
  private over = false;

  constructor(owner: AttemptOwner, connection: CheckoutOptions['connection'], avoid: readonly Endpoint[]) {
    const { exchange, route } = owner.job;
    const { timeouts } = route.config;
    this.owner = owner;
    this.connection = connection;
    this.avoid = avoid;
    this.responseHeadTimeoutMs =
      exchange.grpc === undefined ? timeouts.responseHeadMs : timeouts.grpcResponseHeadMs;
    this.idleTimeoutMs = timeouts.idleMs;
  }

  /** The endpoint it went to, once it is known. */
  get endpoint(): Endpoint | undefined {
    return this.leased?.endpoint ?? this.checkout?.endpoint;
  }

  start(trace: AttemptTrace | undefined): void {
    const { job } = this.owner;
    this.trace = trace;
    const perTryMs = job.route.config.retry?.perTryTimeoutMs ?? 0;
    if (perTryMs > 0) this.limit(perTryMs);
    const { limiter } = job.upstream;
    this.limiter = limiter;
    if (limiter === undefined) this.checkOut();
    else limiter.enter(this);
  }

  onAdmitted(): void {
    this.admittedAtMs = this.owner.services.timers.now();
    this.checkOut();
  }

  onRefused(cause: Cause): void {
    this.limiter = undefined;
    this.onAttemptFailed({ cause, detail: undefined, retry: 'safe' });
  }

  private checkOut(): void {
    const { job } = this.owner;
    const checkout = job.upstream.checkout(job.exchange, this, this);
    // It may have failed, or been served whole, before it returned.
    if (!this.over) this.checkout = checkout;
  }

  /**
   * Stops at once; the connection is not used again. Idempotent, and nothing for an attempt that is over. `cause`: why, for its
   * trace.
   */
  cancel(cause: string = GIVEN_UP): void {
    if (this.over) return;
    const { leased, checkout, requestSink } = this;
    if (!this.responded && this.admittedAtMs >= 0)
      this.limiter?.abandoned(this.owner.services.timers.now() - this.admittedAtMs);
    this.end(cause);
    leased?.destroy();
    checkout?.cancel();
    requestSink?.destroy();
    this.leave();
  }

  /** The exchange has run out of time. The endpoint failed if it has had the whole request for so long, and said nothing. */
  blameSilence(leastMs: number): void {
    const { job, services } = this.owner;
    if (this.over || this.responded || this.leased === undefined || this.requestSink !== undefined) return;
    if (services.timers.now() - this.sentAtMs < leastMs) return;
    job.upstream.reportFailure(this.leased.endpoint, 'upstream.head.timeout');
  }

  /** The response is over, and was taken whole. */
  release(): void {
    if (this.over) return;
    const { leased } = this;
    this.end(undefined);
    leased?.release();
    this.leave();
  }

  // ---- the request ---------------------------------------------------------------------------------------------------

  onConnected(connection: UpstreamConnection): void {
    const { job, services, upgrade } = this.owner;
    const { exchange, downstream, fields } = job;
    this.leased = connection;
    exchange.endpoint = connection.endpoint.label;
    exchange.reusedConnection = connection.reused;
    this.sentAtMs = services.timers.now();
    exchange.connectedAfterMs = this.sentAtMs - exchange.startedAt;
    if (downstream.head.connect === 'tcp') {
      this.trace?.connected(connection, '');
      this.takeOver(connection);
      return;
    }
    exchange.phase = 'request';
    const target = targetOf(job);
    this.trace?.connected(connection, target);
    const body = this.owner.requestBody();
    const sink = connection.send({
      method: downstream.head.method,
      target,
      head: downstream.head,
      fields,
      upgrade,
      addedLines: this.addedLines(connection),
      body,
    });
    if (sink === undefined || body.kind !== 'stream') {
      exchange.phase = 'wait';
      return;
    }
    this.requestSink = sink;
    const flow = exchange.openFlow(services.timers).toUpstream(body.stream);
    sink.flow = flow;
    if (exchange.grpc !== undefined && connection.watchesSilence) downstream.relaxRequestPace();
    pipeline(body.stream, sink, (error) => {
      flow.onTaken();
      this.onRequestPiped(error ?? undefined);
    });
  }

  private onRequestPiped(error: NodeJS.ErrnoException | undefined): void {
    this.requestSink = undefined;
    if (this.over || this.responded) return;
    this.sentAtMs = this.owner.services.timers.now();
    if (error === undefined) this.owner.job.exchange.phase = 'wait';
    else this.fail('upstream.request.reset', error.code, this.leased?.reused === true ? 'stale' : 'no');
  }

  private addedLines(connection: UpstreamConnection): string {
    const { job, services } = this.owner;
    this.handshakeKey = handshakeKeyFor(job.downstream.head);
    const keyLine = this.handshakeKey === undefined ? '' : `sec-websocket-key: ${this.handshakeKey}\r\n`;
    const traceLine = this.trace === undefined ? '' : `traceparent: ${this.trace.traceparent}\r\n`;
    const host = hostFor(job, connection.endpoint);
    return `host: ${host}\r\n${keyLine}${services.forwardedLines(job.exchange)}${traceLine}${this.owner.deadlineLines(this.sentAtMs)}`;
  }

  // ---- what comes of it ----------------------------------------------------------------------------------------------

  onInterim(head: ResponseHead): void {
    if (!this.over) this.owner.onInterim(this, head);
  }

  onResponse(head: ResponseHead, body: Body): void {
    if (head.status < 300 && this.owner.job.downstream.head.connect !== undefined) {
      // A 2xx would tell the client that there is a tunnel.
      this.fail('upstream.upgrade.invalid', 'not-switched', 'no');
      return;
    }
    this.noteResponse(head);
    this.owner.onResponse(this, head, body);
  }

  onSwitched(head: ResponseHead, socket: Duplex, early: Buffer | undefined): void {
    if (this.handshakeKey !== undefined && !isAccepted(head, this.handshakeKey)) {
      this.fail('upstream.upgrade.invalid', 'accept', 'no');
      return;
    }
    this.noteResponse(head);
    const { connect } = this.owner.job.downstream.head;
    this.owner.onSwitched(this, connect === undefined ? head : establishedHead(head), socket, early);
  }

  /** CONNECT without a protocol: the connection itself is the answer. */
  private takeOver(connection: UpstreamConnection): void {
    const socket = connection.takeOver?.();
    if (socket === undefined) {
      this.fail('upstream.upgrade.unsupported', 'no-tunnel', 'no');
      return;
    }
    const head = tunnelOpenHead();
    this.noteResponse(head);
    this.owner.onSwitched(this, head, socket, undefined);
  }

  private noteResponse(head: ResponseHead): void {
    this.responded = true;
    this.trace?.responded(head.status);
    this.timer?.disarm();
    if (this.limiter !== undefined) this.noteLatency();
    const { job, services } = this.owner;
    if (this.leased !== undefined)
      job.upstream.reportResponse(this.leased.endpoint, head.status, services.timers.now() - this.sentAtMs);
  }

  /** The connection is gone, and the checkout with it. */
  onAttemptFailed(failure: AttemptFailure): void {
    if (this.over) return;
    const { requestSink, owner } = this;
    this.end(failure.cause, failure.endpoint);
    requestSink?.destroy();
    if (failure.cause.endsWith('.timeout')) this.noteLatency();
    this.leave();
    owner.job.upstream.reportFailure(failure.endpoint, failure.cause);
    owner.onFailed(this, failure);
  }

  /** Gives up what may still be under way. */
  private fail(cause: Cause, detail: string | undefined, retry: AttemptFailure['retry']): void {
    if (this.over) return;
    const { leased, checkout, endpoint } = this;
    // First, so that what follows finds the place of this one free.
    leased?.destroy();
    checkout?.cancel();
    this.onAttemptFailed({ cause, detail, retry, endpoint });
  }

  /** One try has a time of its own. */
  private limit(perTryMs: number): void {
    this.timer = this.owner.services.timers.create(() => {
      this.fail('upstream.attempt.timeout', undefined, 'no');
    });
    this.timer.arm(perTryMs);
  }

  /** For limits that learn from it. Silence until patience ran out is latency, too. */
  private noteLatency(): void {
    if (this.admittedAtMs >= 0) this.limiter?.observed(this.owner.services.timers.now() - this.admittedAtMs);
  }

  /** Gives the place back: last, because who waits for it may begin within the call. */
  private leave(): void {
    const { limiter } = this;
    this.limiter = undefined;
    limiter?.leave(this);
  }

  private end(cause: string | undefined, endpoint = this.endpoint): void {
    this.over = true;
    this.trace?.end(cause, endpoint);
    this.timer?.disarm();
    this.checkout = undefined;
    this.requestSink = undefined;
  }
}
