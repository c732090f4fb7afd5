// Over 400 lines: one state machine, whose phases cannot be told apart from outside.
import type { Socket } from 'node:net';
import type { Cause } from '../../contracts/cause.js';
import type { DownstreamCloseReason } from '../../contracts/close-reason.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { AskedFor, Body } from '../../contracts/message.js';
import type { Timer } from '../../contracts/timers.js';
import { CAUSES } from '../../errors/causes.js';
import type { IpSet } from '../../http/ip-set.js';
import { problemOf } from '../../http/problem.js';
import { writeWhole } from '../codec/http1/message-writer.js';
import type { Http1RequestHead } from '../codec/http1/request-head.js';
import { serialiseResponseHead } from '../codec/http1/response-serialiser.js';
import { BodyPace } from './body-pace.js';
import type { StreamHost } from './http1-stream.js';
import { Http1Stream } from './http1-stream.js';
import type { ListenerContext } from './listener-context.js';
import { clientInfoOf, countRejected, drawTerm, withTrust } from './listener-context.js';
import type { RequestEvents } from './request-reader.js';
import { RequestReader } from './request-reader.js';
import { ResetProbe } from './reset-probe.js';
import type { ServedConnection } from './served-connection.js';
import type { SocketReading } from './socket-reading.js';
import { readSocket } from './socket-reading.js';

/**
 * Owns one HTTP/1.x client connection from accept to close: hands one request at a time to the handler, keeps the read and
 * write deadlines, and knows why the socket closed.
 */

/** How long a closing connection is still read, so that the client gets the response and no reset (RFC 9112 section 9.6). */
const LINGER_MS = 2000;

export class Http1Connection implements ServedConnection, RequestEvents, StreamHost {
  readonly socket: Socket;
  readonly openedAtMs: number;
  client: ClientInfo;
  private trusted: IpSet;
  private readonly context: ListenerContext;
  private readonly onClosed: (connection: Http1Connection) => void;
  private readonly reader: RequestReader;
  private readonly reading: SocketReading;
  private readonly readTimer: Timer;
  private readonly writeTimer: Timer;
  /** Made when reading first pauses: most connections never need it. */
  private resetProbe: ResetProbe | undefined = undefined;
  private readonly expiresAtMs: number;
  private readonly maxRequests: number;
  private stream: Http1Stream | undefined = undefined;
  /** Of the streamed body that is arriving. */
  private pace: BodyPace | undefined = undefined;
  private served = 0;
  private paused = false;
  private closing = false;
  private handedOver = false;
  /** The first reason is the one that counts. */
  private closeReason: DownstreamCloseReason | undefined = undefined;

  constructor(socket: Socket, context: ListenerContext, onClosed: (connection: Http1Connection) => void) {
    this.socket = socket;
    this.context = context;
    this.onClosed = onClosed;
    this.openedAtMs = context.timers.coarseNow();
    this.client = clientInfoOf(context, socket);
    this.trusted = context.trusted;
    const { limits, timeouts } = context.config;
    this.reader = new RequestReader(this, { scheme: this.client.tls ? 'https' : 'http', limits });
    this.readTimer = context.timers.create(() => {
      this.onReadTimeout();
    });
    this.writeTimer = context.timers.create(() => {
      this.onWriteTimeout();
    });
    ({ expiresAtMs: this.expiresAtMs, maxRequests: this.maxRequests } = drawTerm(context));
    this.readTimer.arm(timeouts.requestHeadMs);
    this.listen();
    this.reading = readSocket(socket, this.reader);
  }

  get isNew(): boolean {
    return !this.isBusy && this.socket.bytesWritten === 0;
  }

  /** Each response looks for itself whether the gateway drains. */
  announceDrain(): void {
    return;
  }

  /** A response counts as finished only when the kernel has it. */
  whenFlushed(): Promise<void> {
    return Promise.resolve();
  }

  get idleMs(): number {
    if (this.isBusy || this.closing || this.reader.isInHead) return -1;
    const { requestHeadMs, keepAliveMs } = this.context.config.timeouts;
    return (this.served === 0 ? requestHeadMs : keepAliveMs) - this.readTimer.remainingMs;
  }

  /** An exchange is running, or a tunnel. */
  get isBusy(): boolean {
    return this.stream !== undefined || this.handedOver;
  }

  get state(): 'idle' | 'active' | 'tunnels' {
    if (this.handedOver) return 'tunnels';
    return this.stream === undefined ? 'idle' : 'active';
  }

  /** The response must say that the connection closes. */
  get mustClose(): boolean {
    return (
      this.closing ||
      this.context.isDraining() ||
      this.context.overload.noKeepAlive ||
      this.served >= this.maxRequests ||
      this.context.timers.coarseNow() >= this.expiresAtMs ||
      this.reader.isInBody
    );
  }

  /** As `mustClose`, after a response that has promised to go on: the client may have sent its next request already. */
  private get mustEnd(): boolean {
    return this.mustClose && (this.closing || this.reader.isInBody || !this.context.isPatient());
  }

  /** The request body has not fully arrived. */
  get isReceivingBody(): boolean {
    return this.reader.isInBody;
  }

  /** What arrived of it together with the head is no body. */
  get isBodyFaulty(): boolean {
    return this.reader.isFaulty;
  }

  /** Body bytes of the running request that have arrived, once it streams. */
  get requestBodyBytes(): number {
    return this.reader.bodyBytes;
  }

  private now(): number {
    return this.context.timers.now();
  }

  coarseNow(): number {
    return this.context.timers.coarseNow();
  }

  destroy(reason: DownstreamCloseReason): void {
    if (this.socket.destroyed) return;
    this.closeReason ??= reason;
    this.socket.destroy();
  }

  /** Breaks the connection in a way the client cannot take for the end of a response. */
  abort(reason: DownstreamCloseReason): void {
    // A tunnel is broken off whenever it has ended.
    this.closeReason ??= this.handedOver ? 'tunnel-ended' : reason;
    if (this.client.tls) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Closes it now when it carries nothing; a running exchange closes it when it ends. */
  closeIfIdle(reason: DownstreamCloseReason): void {
    if (this.isBusy) return;
    this.closeReason ??= reason;
    this.closeGently();
  }

  // ---- reading -------------------------------------------------------------------------------------------------------

  private listen(): void {
    const { socket } = this;
    socket.on('end', () => {
      this.onEnd();
    });
    socket.on('drain', () => {
      this.onDrain();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.onSocketGone(error.code ?? 'error');
    });
    socket.on('close', () => {
      this.onSocketClose();
    });
  }

  onHeadBegun(): void {
    // The first head's deadline runs since the connection was made.
    if (this.served > 0) this.readTimer.arm(this.context.config.timeouts.requestHeadMs);
  }

  onRequest(head: Http1RequestHead, body: Body): void {
    this.served += 1;
    this.readTimer.disarm();
    if (body.kind === 'stream') this.beginPace();
    if (this.trusted !== this.context.trusted) this.judgeAgain();
    const stream = new Http1Stream(this, head, body);
    this.stream = stream;
    this.context.handler(stream);
  }

  /** A reload has changed which peers are trusted. */
  private judgeAgain(): void {
    this.trusted = this.context.trusted;
    this.client = withTrust(this.client, this.trusted);
  }

  private beginPace(): void {
    const { limits, timeouts } = this.context.config;
    this.pace = new BodyPace(timeouts.bodyGapMs, limits.bodyBytesPerSecond);
    if (!this.paused) this.awaitBody();
  }

  onBodyBytes(count: number): void {
    if (this.pace?.received(count, this.now()) === false) this.failSlowBody();
    else if (!this.paused) this.awaitBody();
  }

  onBodyEnd(): void {
    this.readTimer.disarm();
  }

  onBodyFault(cause: Cause, rule: string | undefined): void {
    this.failStream(cause, rule);
  }

  onFull(): void {
    this.pauseReading();
  }

  /** A streamed body that grows past this fails with `downstream.filter.too-large`. */
  limitRequestBody(maxBytes: number): void {
    this.reader.limitBody(maxBytes);
  }

  pauseBody(): void {
    if (!this.reader.isInBody) return;
    this.readTimer.disarm();
    this.pace?.stop(this.now());
    this.pauseReading();
  }

  resumeBody(): void {
    if (!this.reader.isInBody || !this.paused) return;
    this.awaitBody();
    this.resumeReading();
  }

  /** The next body bytes must come in time. */
  private awaitBody(): void {
    if (this.pace !== undefined) this.readTimer.arm(this.pace.start(this.now()));
  }

  /** Whoever read the body stopped: what still arrives of it is dropped, and the connection closes after the response. */
  abandonBody(): void {
    this.reader.dropBody();
    if (this.reader.isInBody) this.resumeReading();
  }

  private pauseReading(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
    this.resetProbe ??= new ResetProbe(this.socket, this.context.timers);
    this.resetProbe.watch();
  }

  private resumeReading(): void {
    if (!this.paused) return;
    this.paused = false;
    this.resetProbe?.rest();
    this.socket.resume();
  }

  // ---- writing -------------------------------------------------------------------------------------------------------

  onBodyBlocked(blocked: boolean): void {
    if (blocked) this.writeTimer.arm(this.context.config.timeouts.writeGapMs);
    else this.writeTimer.disarm();
  }

  onBodySent(): void {
    this.stream?.onResponseWritten();
  }

  onBodyAborted(): void {
    this.abort('aborted');
  }

  private onDrain(): void {
    this.writeTimer.disarm();
    this.stream?.onDrained();
  }

  /** The exchange is over. The connection serves the next one, or closes. */
  finish(keepAlive: boolean): void {
    this.stream = undefined;
    if (!keepAlive || this.mustEnd) {
      this.closeReason ??= this.served >= this.maxRequests ? 'request-limit' : 'finished';
      this.closeGently();
      return;
    }
    this.readTimer.arm(this.context.config.timeouts.keepAliveMs);
    this.reader.next();
    if (!this.isBusy && !this.closing) this.resumeReading();
  }

  /** Ends our side and reads on for a moment: closing with unread bytes would reset the connection under the response. */
  private closeGently(): void {
    if (this.socket.destroyed || this.closing) return;
    this.closing = true;
    this.reader.close();
    this.resumeReading();
    this.socket.end();
    this.readTimer.arm(LINGER_MS);
  }

  /** Gives the socket away for a tunnel. Only its closing is still watched. */
  handOver(): { readonly socket: Socket; readonly early: Buffer | undefined } {
    this.handedOver = true;
    this.readTimer.disarm();
    this.writeTimer.disarm();
    this.reading.release();
    this.socket.pause();
    this.probeTunnel();
    return { socket: this.socket, early: this.reader.close() };
  }

  /** A tunnel pauses a client whose bytes the other side does not take; see ResetProbe. */
  private probeTunnel(): void {
    const probe = (this.resetProbe ??= new ResetProbe(this.socket, this.context.timers));
    this.socket.on('pause', () => {
      probe.watch();
    });
    this.socket.on('resume', () => {
      probe.rest();
    });
  }

  /** Refuses what never became an exchange, and closes: after a framing fault nothing that follows can be trusted. */
  onRefused(cause: Cause, rule: string, asked?: AskedFor): void {
    const { status } = CAUSES[cause];
    const requestId = countRejected(this.context, this.client, { status, cause, detail: rule, asked });
    const proxy = this.context.proxyName;
    const problem = problemOf({ status, cause, requestId, detail: undefined, fields: [], proxy });
    const contentLength = problem.body?.length ?? 0;
    const writing = { framing: 'length', contentLength, connection: 'close', nowMs: this.now() } as const;
    writeWhole(this.socket, serialiseResponseHead(problem.head, writing), problem.body);
    this.closeReason ??= 'rejected';
    this.closeGently();
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  private onReadTimeout(): void {
    if (this.closing) this.destroy('finished');
    else if (this.reader.isInBody) this.failSlowBody();
    else if (this.reader.isInHead) this.onRefused('downstream.head.timeout', 'head-deadline');
    else {
      this.closeReason ??= 'idle';
      this.closeGently();
    }
  }

  private onWriteTimeout(): void {
    this.closeReason ??= 'write-timeout';
    if (this.stream === undefined) this.destroy('write-timeout');
    else this.stream.fail('downstream.response.timeout', undefined);
  }

  /** The client's FIN: the end of an idle connection, the abort of anything else. */
  private onEnd(): void {
    if (this.handedOver) return;
    this.closeReason ??= 'peer-closed';
    if (this.stream !== undefined) {
      this.failStream(this.abortCause(), 'fin');
      return;
    }
    if (this.reader.isInHead && !this.closing) this.countAbortedHead('fin');
    this.closing = true;
    this.reader.close();
    this.socket.end();
    this.readTimer.arm(LINGER_MS);
  }

  private onSocketGone(code: string): void {
    this.closeReason ??= code === 'ECONNRESET' ? 'peer-reset' : 'error';
    if (this.handedOver) return;
    if (this.stream !== undefined) this.failStream(this.abortCause(), code);
    else if (this.reader.isInHead && !this.closing) this.countAbortedHead(code);
  }

  private onSocketClose(): void {
    this.readTimer.disarm();
    this.writeTimer.disarm();
    this.resetProbe?.rest();
    this.reader.breakBody(new Error('the client closed the connection'));
    if (this.stream !== undefined && !this.handedOver) this.failStream(this.abortCause(), 'close');
    this.closing = true;
    this.reader.close();
    const reason = this.closeReason ?? (this.handedOver ? 'tunnel-ended' : 'peer-closed');
    this.context.telemetry.socketClosed('downstream', this.client.listener, reason);
    this.onClosed(this);
  }

  private abortCause(): Cause {
    if (this.reader.isInBody) return 'downstream.body.aborted';
    return this.stream?.hasResponded === true ? 'downstream.response.aborted' : 'downstream.wait.aborted';
  }

  private countAbortedHead(detail: string): void {
    countRejected(this.context, this.client, { status: 0, cause: 'downstream.head.aborted', detail });
    this.reader.dropHead();
  }

  private failSlowBody(): void {
    this.failStream('downstream.body.timeout', this.pace?.isSlow === true ? 'body-rate' : 'body-gap');
  }

  private failStream(cause: Cause, detail: string | undefined): void {
    this.readTimer.disarm();
    this.reader.breakBody(new Error(cause));
    this.stream?.fail(cause, detail);
  }
}
