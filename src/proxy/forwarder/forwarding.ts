import { pipeline } from 'node:stream';
import type { Duplex, Writable } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { ForwardJob, ForwardOwner, Forwarding } from '../../contracts/forwarder.js';
import type { Body, ResponseHead } from '../../contracts/message.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type {
  AttemptFailure,
  AttemptObserver,
  Checkout,
  CheckoutOptions,
  UpstreamConnection,
} from '../../contracts/upstream.js';
import type { ForwardedLines } from './forwarded-lines.js';
import { Tunnel } from './tunnel.js';

/**
 * Owns one exchange between its two connections: the attempts, the body each way, the tunnel. It watches both sides from the
 * first byte to the last: a pipeline covers a body, never an exchange.
 */

export interface ForwardingServices {
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly forwardedLines: ForwardedLines;
}

/** RFC 9110 section 9.2.2: safe to send again when nobody knows whether the first one was served. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export class ExchangeForwarding implements Forwarding, AttemptObserver {
  private readonly job: ForwardJob;
  private readonly owner: ForwardOwner;
  private readonly services: ForwardingServices;
  private checkout: Checkout | undefined = undefined;
  private connection: UpstreamConnection | undefined = undefined;
  private requestSink: Writable | undefined = undefined;
  private tunnel: Tunnel | undefined = undefined;
  /** When the request had been sent in full, or up to now. */
  private sentAtMs = 0;
  private bodyStarted = false;
  private responded = false;
  private ended = false;

  constructor(job: ForwardJob, owner: ForwardOwner, services: ForwardingServices) {
    this.job = job;
    this.owner = owner;
    this.services = services;
  }

  start(): void {
    this.attempt({ connection: this.upgrade !== undefined ? 'tunnel' : 'pooled', avoid: undefined });
  }

  cancel(): void {
    this.ended = true;
    this.connection?.destroy();
    this.checkout?.cancel();
    this.tunnel?.destroy();
    this.requestSink?.destroy();
  }

  /** What the client asked to upgrade to, where the route allows it. Otherwise the request is served as plain HTTP. */
  private get upgrade(): string | undefined {
    const { upgrade } = this.job.downstream.head;
    return upgrade !== undefined && this.job.route.config.upgrades.includes(upgrade) ? upgrade : undefined;
  }

  private attempt(choice: Pick<CheckoutOptions, 'connection' | 'avoid'>): void {
    const { exchange, route, upstream } = this.job;
    const { timeouts } = route.config;
    exchange.phase = 'connect';
    exchange.attempts += 1;
    const attempt = exchange.attempts;
    const options: CheckoutOptions = {
      connection: choice.connection,
      avoid: choice.avoid,
      responseHeadTimeoutMs: timeouts.responseHeadMs,
      idleTimeoutMs: timeouts.idleMs,
    };
    const checkout = upstream.checkout(exchange, this, options);
    // The checkout may have failed, and been tried again, before it returned.
    if (attempt === exchange.attempts) this.checkout = checkout;
  }

  // ---- the request ---------------------------------------------------------------------------------------------------

  onConnected(connection: UpstreamConnection): void {
    const { exchange, body, downstream, fields } = this.job;
    this.connection = connection;
    exchange.endpoint = connection.endpoint.label;
    exchange.reusedConnection = connection.reused;
    this.sentAtMs = this.services.timers.now();
    exchange.connectedAfterMs = this.sentAtMs - exchange.startedAt;
    exchange.phase = 'request';
    const sink = connection.send({
      method: downstream.head.method,
      target: this.target(),
      head: downstream.head,
      fields,
      upgrade: this.upgrade,
      addedLines: this.addedLines(connection),
      body,
    });
    if (sink === undefined || body.kind !== 'stream') {
      exchange.phase = 'wait';
      return;
    }
    this.bodyStarted = true;
    this.requestSink = sink;
    pipeline(body.stream, sink, (error) => {
      this.onRequestPiped(error ?? undefined);
    });
  }

  private onRequestPiped(error: NodeJS.ErrnoException | undefined): void {
    this.requestSink = undefined;
    if (this.ended || this.responded) return;
    this.sentAtMs = this.services.timers.now();
    if (error === undefined) this.job.exchange.phase = 'wait';
    else this.onAttemptFailed({ cause: 'upstream.request.reset', detail: error.code, retry: 'no' });
  }

  private target(): string {
    const { route, downstream } = this.job;
    const { path, query } = downstream.head;
    return `${route.rewritePath === undefined ? path : route.rewritePath(path)}${query}`;
  }

  private addedLines(connection: UpstreamConnection): string {
    const { exchange, route, downstream } = this.job;
    const { authority } = downstream.head;
    const ownHost = route.config.hostHeader === 'endpoint' || authority === '';
    return `host: ${ownHost ? connection.endpoint.authority : authority}\r\n${this.services.forwardedLines(exchange)}`;
  }

  // ---- the response --------------------------------------------------------------------------------------------------

  onInterim(head: ResponseHead): void {
    if (!this.ended) this.job.downstream.sendInterim(head);
  }

  onResponse(head: ResponseHead, body: Body): void {
    this.beginResponse(head, 'response');
    if (body.kind === 'stream') this.streamResponse(head, body);
    else this.sendWholeResponse(head, body);
  }

  private sendWholeResponse(head: ResponseHead, body: Exclude<Body, { kind: 'stream' }>): void {
    const { exchange, downstream } = this.job;
    // Back in the pool before the write: the next pipelined request may start within it.
    this.ended = true;
    this.connection?.release();
    if (body.kind === 'none') {
      downstream.sendComplete(head, undefined, undefined);
      return;
    }
    exchange.wholeResponseBytes = body.bytes.length;
    downstream.sendComplete(head, body.bytes, body.trailers);
  }

  private streamResponse(head: ResponseHead, body: Extract<Body, { kind: 'stream' }>): void {
    const { stream } = body;
    const sink = this.job.downstream.sendStreaming(head, () => stream.trailers);
    this.job.exchange.responseCounter = sink;
    pipeline(stream, sink, (error) => {
      if (!error) this.connection?.release();
      else if (!this.ended) this.endBroken('downstream.response.aborted', error.code);
    });
  }

  private beginResponse(head: ResponseHead, phase: 'response' | 'tunnel'): void {
    const { exchange, upstream } = this.job;
    const nowMs = this.services.timers.now();
    this.responded = true;
    exchange.status = head.status;
    exchange.phase = phase;
    exchange.responseHeadAfterMs = nowMs - exchange.startedAt;
    if (this.connection !== undefined)
      upstream.reportResponse(this.connection.endpoint, head.status, nowMs - this.sentAtMs);
    this.owner.onResponseHead(head);
  }

  onSwitched(head: ResponseHead, socket: Duplex, early: Buffer | undefined): void {
    this.beginResponse(head, 'tunnel');
    const { exchange, downstream, route } = this.job;
    const client = downstream.switchProtocols(head);
    this.tunnel = new Tunnel(client, socket, {
      timers: this.services.timers,
      idleMs: route.config.timeouts.idleMs,
      early,
      onEnd: (cause, detail) => {
        if (!this.ended) this.endBroken(cause, detail);
      },
    });
    exchange.responseCounter = this.tunnel.toClient;
    exchange.requestCounter = this.tunnel.fromClient;
  }

  // ---- failure -------------------------------------------------------------------------------------------------------

  onAttemptFailed(failure: AttemptFailure): void {
    if (this.ended) return;
    const failed = this.connection;
    this.connection = undefined;
    this.job.upstream.reportFailure(failure.endpoint ?? failed?.endpoint, failure.cause);
    if (this.responded) this.endBroken(failure.cause, failure.detail);
    else if (this.mayRetry(failure)) this.retry(failure, failed);
    else {
      this.ended = true;
      this.checkout?.cancel();
      this.requestSink?.destroy();
      this.owner.onForwardFailed(failure.cause, failure.detail);
    }
  }

  /** Once, and only what cannot have been served: see EDGE-DEFAULTS, retry. */
  private mayRetry(failure: AttemptFailure): boolean {
    const { exchange, upstream, downstream } = this.job;
    if (this.bodyStarted || exchange.attempts > 1) return false;
    if (failure.retry === 'stale') return IDEMPOTENT.has(downstream.head.method);
    return (
      failure.retry === 'safe' && failure.cause.startsWith('upstream.connect.') && upstream.endpointCount > 1
    );
  }

  private retry(failure: AttemptFailure, failed: UpstreamConnection | undefined): void {
    const stale = failure.retry === 'stale';
    this.services.telemetry.retried(this.job.upstream.name, stale ? 'stale-connection' : 'connect-failed');
    const connection = this.upgrade !== undefined ? 'tunnel' : 'new';
    this.attempt({ connection, avoid: stale ? undefined : (failed?.endpoint ?? failure.endpoint) });
  }

  /** The response had begun: the client must see a broken connection, never an end. */
  private endBroken(cause: Cause, detail: string | undefined): void {
    this.ended = true;
    this.connection?.destroy();
    this.requestSink?.destroy();
    this.job.downstream.abort();
    this.owner.onForwardEnded(cause, detail);
  }
}
