import type { Duplex } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { MirrorConfig } from '../../contracts/config.js';
import type { ForwardJob } from '../../contracts/forwarder.js';
import type { Fields } from '../../contracts/fields.js';
import type { Body, BodyStream, RequestHead, ResponseHead } from '../../contracts/message.js';
import type { MirrorResult, Telemetry } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { AttemptTrace } from '../../contracts/tracing.js';
import type {
  AttemptFailure,
  AttemptObserver,
  Checkout,
  Endpoint,
  Upstream,
  UpstreamConnection,
} from '../../contracts/upstream.js';
import type { Applicant, RequestLimiter } from '../../contracts/upstream-limits.js';
import { copyOf } from '../../http/field-block.js';
import type { ForwardedLines } from './forwarded-lines.js';
import type { ComparedAnswers } from './mirror-comparison.js';
import { MIRROR_FIELD } from './mirror-field.js';
import { hostFor, targetOf } from './request-target.js';

export interface MirrorServices {
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly forwardedLines: ForwardedLines;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** Whose copy it is. */
export interface MirrorCopyOwner {
  readonly config: MirrorConfig;
  readonly upstream: Upstream;
  readonly services: MirrorServices;
  /** Exactly once. */
  ended(copy: MirrorCopy, job: ForwardJob, result: MirrorResult): void;
}

/**
 * Owns one copy of a request from its checkout to the end of its answer, which is read within a limit and thrown away. One
 * attempt, one deadline; whatever goes wrong is counted and ends here.
 */
export class MirrorCopy implements AttemptObserver, Applicant {
  private readonly job: ForwardJob;
  private readonly mirror: MirrorCopyOwner;
  private readonly answers: ComparedAnswers | undefined;
  /** As they were when the original was forwarded: later changes are not the copy's. */
  private readonly fields: Fields;
  private readonly timer: Timer;
  private body: Body = { kind: 'none' };
  private checkout: Checkout | undefined = undefined;
  private connection: UpstreamConnection | undefined = undefined;
  /** Of the upstream that gets the copy: a copy is a request like any other to it. */
  private limiter: RequestLimiter | undefined = undefined;
  private trace: AttemptTrace | undefined = undefined;
  private admittedAtMs = 0;
  private sentAtMs = 0;
  private answered = false;
  private over = false;

  constructor(job: ForwardJob, mirror: MirrorCopyOwner, answers: ComparedAnswers | undefined) {
    this.job = job;
    this.mirror = mirror;
    this.answers = answers;
    this.fields = copyOf(job.fields);
    this.timer = mirror.services.timers.create(() => {
      this.onTimeout();
    });
  }

  /** `bytes` undefined: no body. */
  send(bytes: Buffer | undefined, trailers: Fields | undefined): void {
    if (this.over) return;
    const { config, upstream } = this.mirror;
    if (bytes !== undefined) this.body = { kind: 'complete', bytes, trailers };
    this.timer.arm(config.timeoutMs);
    this.trace = this.job.exchange.trace?.attempt(upstream.name, 'mirror');
    this.limiter = upstream.limiter;
    if (this.limiter === undefined) this.checkOut();
    else this.limiter.enter(this);
  }

  onAdmitted(): void {
    this.admittedAtMs = this.mirror.services.timers.now();
    this.checkOut();
  }

  onRefused(): void {
    this.limiter = undefined;
    this.end('dropped-limit');
  }

  private checkOut(): void {
    const { config, upstream } = this.mirror;
    this.checkout = upstream.checkout(this.job.exchange, this, {
      connection: 'pooled',
      avoid: [],
      responseHeadTimeoutMs: config.timeoutMs,
      idleTimeoutMs: config.timeoutMs,
    });
  }

  /** The worker stops, or its configuration is gone. */
  cancel(): void {
    if (this.over) return;
    this.abandon();
    this.end(this.answered ? 'sent' : 'failed');
  }

  onConnected(connection: UpstreamConnection): void {
    const { downstream } = this.job;
    this.connection = connection;
    const target = targetOf(this.job);
    this.trace?.connected(connection, target);
    this.sentAtMs = this.mirror.services.timers.now();
    connection.send({
      method: downstream.head.method,
      target,
      head: headOfCopy(downstream.head),
      fields: this.fields,
      upgrade: undefined,
      addedLines: this.addedLines(connection),
      body: this.body,
    });
  }

  private addedLines({ endpoint }: UpstreamConnection): string {
    const identity = this.mirror.services.forwardedLines(this.job.exchange);
    const traceLine = this.trace === undefined ? '' : `traceparent: ${this.trace.traceparent}\r\n`;
    return `host: ${hostFor(this.job, endpoint)}\r\n${identity}${traceLine}${MIRROR_FIELD}: 1\r\n`;
  }

  onInterim(): void {
    // Nobody waits for it.
  }

  onResponse(head: ResponseHead, body: Body): void {
    if (this.over) return;
    const nowMs = this.mirror.services.timers.now();
    const headMs = nowMs - this.sentAtMs;
    this.limiter?.observed(nowMs - this.admittedAtMs);
    this.answered = true;
    this.trace?.responded(head.status);
    if (this.connection !== undefined)
      this.mirror.upstream.reportResponse(this.connection.endpoint, head.status, headMs);
    if (body.kind === 'stream') this.discard(body.stream);
    else this.finish();
    this.answers?.copyAnswered({ status: head.status, headMs });
  }

  /** Was not asked for. */
  onSwitched(_head: ResponseHead, socket: Duplex): void {
    socket.destroy();
    this.fail();
  }

  onAttemptFailed(failure: AttemptFailure): void {
    if (this.over) return;
    const endpoint = failure.endpoint ?? this.connection?.endpoint;
    this.mirror.upstream.reportFailure(endpoint, failure.cause);
    this.connection = undefined;
    this.fail(failure.cause, endpoint);
  }

  /** To its end where that is near, for the sake of the connection. */
  private discard(stream: BodyStream): void {
    const { maxResponseBytes } = this.mirror.config;
    let bytes = 0;
    stream.on('error', () => {
      this.fail();
    });
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= maxResponseBytes || this.over) return;
      this.abandon();
      this.end('sent');
    });
    stream.once('end', () => {
      this.finish();
    });
  }

  private finish(): void {
    if (this.over) return;
    // First, so that what follows finds it.
    this.over = true;
    this.connection?.release();
    this.end('sent');
  }

  /** An endpoint that has had the whole request for so long, and said nothing, has failed. */
  private onTimeout(): void {
    const { connection, answered, mirror } = this;
    this.fail(answered ? 'upstream.body.timeout' : 'upstream.head.timeout');
    if (connection !== undefined && !answered)
      mirror.upstream.reportFailure(connection.endpoint, 'upstream.head.timeout');
  }

  private fail(cause?: Cause, endpoint = this.checkout?.endpoint): void {
    if (this.over) return;
    this.abandon();
    this.end('failed', cause, endpoint);
  }

  private abandon(): void {
    this.over = true;
    this.connection?.destroy();
    this.checkout?.cancel();
  }

  private end(result: MirrorResult, cause: string = result, endpoint?: Endpoint): void {
    this.over = true;
    this.trace?.end(result === 'sent' ? undefined : cause, endpoint);
    this.timer.disarm();
    const { limiter } = this;
    this.limiter = undefined;
    limiter?.leave(this);
    this.mirror.ended(this, this.job, result);
  }
}

/** The client's wait for 100 (Continue) is not the copy's: its body is whole. */
function headOfCopy(head: RequestHead): RequestHead {
  const { method, scheme, authority, host, path, query, httpVersion, fields } = head;
  const { framing, contentLength } = head;
  return {
    ...{ method, scheme, authority, host, path, query, httpVersion, fields, framing, contentLength },
    expectsContinue: false,
    upgrade: undefined,
  };
}
