/* eslint-disable max-lines -- one state machine, kept whole: see below */
import type { Socket } from 'node:net';
import type { Cause } from '../../contracts/cause.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { Body } from '../../contracts/message.js';
import type { Timer } from '../../contracts/timers.js';
import { CAUSES } from '../../errors/causes.js';
import { CR, LF } from '../../http/characters.js';
import type { IpSet } from '../../http/ip-set.js';
import { problemOf } from '../../http/problem.js';
import { BodyDecoder, bodyFaultCause } from '../codec/http1/body-decoder.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import type { HeadProgress } from '../codec/http1/head-reader.js';
import { HeadReader } from '../codec/http1/head-reader.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import { writeWhole } from '../codec/http1/message-writer.js';
import type { Http1RequestHead } from '../codec/http1/request-head.js';
import { parseRequestHead } from '../codec/http1/request-head.js';
import { serialiseResponseHead } from '../codec/http1/response-serialiser.js';
import { BodyPace } from './body-pace.js';
import type { StreamHost } from './http1-stream.js';
import { Http1Stream } from './http1-stream.js';
import type { ListenerContext } from './listener-context.js';
import { clientInfoOf, withTrust } from './listener-context.js';
import { ResetProbe } from './reset-probe.js';

/**
 * Owns one HTTP/1.x client connection from accept to close: reads heads and bodies, hands one request at a time to the
 * handler (pipelined ones wait here, bounded), keeps the read and write deadlines, and knows why the socket closed.
 * One state machine, kept whole: splitting it would hide which event may happen in which phase.
 */

/** Pipelined bytes that wait for the running exchange. Beyond it the socket is not read. */
const MAX_PENDING_BYTES = 64 * 1024;
/** Blank lines before a request line that are overlooked (RFC 9112 section 2.2 asks for one). */
const MAX_LEADING_BYTES = 8;
/** How long a closing connection is still read, so that the client gets the response and no reset (RFC 9112 section 9.6). */
const LINGER_MS = 2000;

const PROGRESS_CAUSES: Readonly<Record<Exclude<HeadProgress, 'complete' | 'partial'>, Cause>> = {
  'too-large': 'downstream.head.too-large',
  'line-too-long': 'downstream.head.target-too-long',
  'bare-lf': 'downstream.head.malformed',
};

export class Http1Connection implements BodySource, StreamHost {
  readonly socket: Socket;
  client: ClientInfo;
  private trusted: IpSet;
  private readonly context: ListenerContext;
  private readonly onClosed: (connection: Http1Connection) => void;
  private readonly reader: HeadReader;
  private readonly readTimer: Timer;
  private readonly writeTimer: Timer;
  /** Made when reading first pauses: most connections never need it. */
  private resetProbe: ResetProbe | undefined = undefined;
  private readonly expiresAtMs: number;
  private readonly maxRequests: number;
  private readonly onData = (chunk: Buffer): void => {
    this.receive(chunk);
  };
  private stream: Http1Stream | undefined = undefined;
  private decoder: BodyDecoder | undefined = undefined;
  private body: IncomingBody | undefined = undefined;
  /** Of the body that `decoder` reads. */
  private pace: BodyPace | undefined = undefined;
  private pending: Buffer | undefined = undefined;
  /** Body bytes of the running request that have arrived, once it streams. */
  requestBodyBytes = 0;
  private maxBodyBytes = Infinity;
  private served = 0;
  private leadingBytes = 0;
  private advancing = false;
  private paused = false;
  private closing = false;
  private handedOver = false;
  private closeReason = 'peer-closed';

  constructor(socket: Socket, context: ListenerContext, onClosed: (connection: Http1Connection) => void) {
    this.socket = socket;
    this.context = context;
    this.onClosed = onClosed;
    this.client = clientInfoOf(context, socket);
    this.trusted = context.trusted;
    const { limits, timeouts } = context.config;
    this.reader = new HeadReader({ lineBytes: limits.requestLineBytes, headBytes: limits.headBytes });
    this.readTimer = context.timers.create(() => {
      this.onReadTimeout();
    });
    this.writeTimer = context.timers.create(() => {
      this.onWriteTimeout();
    });
    // Jitter keeps connections that were opened together from closing together.
    this.expiresAtMs = context.timers.now() + limits.connectionAgeMs * (0.9 + 0.2 * Math.random());
    this.maxRequests = Math.round(limits.requestsPerConnection * (0.9 + 0.1 * Math.random()));
    this.readTimer.arm(timeouts.requestHeadMs);
    this.listen();
  }

  /** An exchange is running, or a tunnel. */
  get isBusy(): boolean {
    return this.stream !== undefined || this.handedOver;
  }

  /** The response must say that the connection closes. */
  get mustClose(): boolean {
    return (
      this.closing ||
      this.context.isDraining() ||
      this.served >= this.maxRequests ||
      this.context.timers.now() >= this.expiresAtMs ||
      this.isReceivingBody
    );
  }

  /** The request body has not fully arrived. */
  get isReceivingBody(): boolean {
    return this.decoder !== undefined;
  }

  now(): number {
    return this.context.timers.now();
  }

  destroy(reason: string): void {
    if (this.socket.destroyed) return;
    this.closeReason = reason;
    this.socket.destroy();
  }

  /** Breaks the connection in a way the client cannot take for the end of a response. */
  abort(reason: string): void {
    this.closeReason = reason;
    if (this.client.tls) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Closes it now when it carries nothing; a running exchange closes it when it ends. */
  closeIfIdle(reason: string): void {
    if (this.isBusy) return;
    this.closeReason = reason;
    this.closeGently();
  }

  // ---- reading -------------------------------------------------------------------------------------------------------

  private listen(): void {
    const { socket } = this;
    socket.on('data', this.onData);
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

  private receive(chunk: Buffer): void {
    if (this.closing) return;
    if (this.decoder !== undefined) this.receiveBody(this.decoder, chunk, 0);
    else if (this.stream === undefined) this.receiveHead(chunk);
    else this.hold(chunk);
  }

  private hold(bytes: Buffer): void {
    this.pending = this.pending === undefined ? bytes : Buffer.concat([this.pending, bytes]);
    if (this.pending.length >= MAX_PENDING_BYTES) this.pauseReading();
  }

  private receiveHead(chunk: Buffer): void {
    this.pending = chunk;
    this.advance();
  }

  /** Starts exchanges from what is pending, one after the other. A loop, so that pipelined local replies need no stack. */
  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    while (this.pending !== undefined && this.stream === undefined && !this.closing)
      this.startNext(this.pending);
    this.advancing = false;
    if (this.stream === undefined && !this.closing) this.resumeReading();
  }

  private startNext(bytes: Buffer): void {
    this.pending = undefined;
    const start = this.skipBlankLines(bytes);
    if (start < 0) {
      this.reject('downstream.head.malformed', 'blank-lines');
      return;
    }
    if (start === bytes.length) return;
    const isBeginning = !this.reader.isPartial;
    const progress = this.reader.read(bytes, start, false);
    if (progress === 'partial') {
      // The first head's deadline runs since the connection was made.
      if (isBeginning && this.served > 0) this.readTimer.arm(this.context.config.timeouts.requestHeadMs);
      return;
    }
    if (progress !== 'complete') {
      this.reject(PROGRESS_CAUSES[progress], progress);
      return;
    }
    const { start: headStart, end: headEnd } = this.reader;
    const scheme = this.client.tls ? 'https' : 'http';
    const head = parseRequestHead(
      this.reader.bytes,
      { start: headStart, end: headEnd },
      scheme,
      this.context.config.limits,
    );
    if (head instanceof HeadFault) this.reject(head.cause, head.rule);
    else this.begin(head, this.reader.bytes, headEnd);
  }

  /** The place of the request line, or -1 when more blank lines came than are overlooked. */
  private skipBlankLines(bytes: Buffer): number {
    let at = 0;
    if (this.reader.isPartial) {
      if (!this.reader.isLoneCr || bytes[0] !== LF) return at;
      // A blank line whose CR came in the read before.
      this.reader.reset();
      this.leadingBytes += 1;
      at = 1;
    }
    while (at + 1 < bytes.length && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
    this.leadingBytes += at;
    return this.leadingBytes > MAX_LEADING_BYTES ? -1 : at;
  }

  private begin(head: Http1RequestHead, bytes: Buffer, bodyStart: number): void {
    this.readTimer.disarm();
    this.served += 1;
    this.leadingBytes = 0;
    const body = this.beginBody(head, bytes, bodyStart);
    if (body === undefined) return;
    this.reader.reset();
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

  /** Undefined when the body is at fault already, and the request was refused. */
  private beginBody(head: Http1RequestHead, bytes: Buffer, bodyStart: number): Body | undefined {
    const decoder = new BodyDecoder(head.framing, head.contentLength);
    const next = decoder.done ? bodyStart : decoder.decode(bytes, bodyStart, bytes.length);
    if (decoder.fault !== '') {
      this.reject(bodyFaultCause('downstream', decoder.fault), decoder.fault);
      return undefined;
    }
    if (decoder.done) {
      if (next < bytes.length) this.pending = bytes.subarray(next);
      if (head.framing === 'none') return NO_BODY;
      return {
        kind: 'complete',
        bytes: bytes.subarray(decoder.dataStart, decoder.dataEnd),
        trailers: decoder.trailers,
      };
    }
    const stream = new IncomingBody(this);
    this.decoder = decoder;
    this.body = stream;
    // The reader of the body may be torn down before anybody looks at it; its error is reported through the observer.
    stream.on('error', ignoreReported);
    this.requestBodyBytes = decoder.decodedBytes;
    this.maxBodyBytes = Infinity;
    const { limits, timeouts } = this.context.config;
    this.pace = new BodyPace(timeouts.bodyGapMs, limits.bodyBytesPerSecond);
    if (decoder.dataEnd > decoder.dataStart) stream.feed(bytes.subarray(decoder.dataStart, decoder.dataEnd));
    if (!this.paused) this.awaitBody();
    return { kind: 'stream', stream };
  }

  private receiveBody(decoder: BodyDecoder, chunk: Buffer, start: number): void {
    const next = decoder.decode(chunk, start, chunk.length);
    if (decoder.fault !== '') {
      this.failStream(bodyFaultCause('downstream', decoder.fault), decoder.fault);
      return;
    }
    const inTime = this.pace?.received(decoder.dataEnd - decoder.dataStart, this.now()) !== false;
    if (!inTime && !decoder.done) {
      this.failSlowBody();
      return;
    }
    if (decoder.dataEnd > decoder.dataStart) {
      this.requestBodyBytes += decoder.dataEnd - decoder.dataStart;
      if (this.requestBodyBytes > this.maxBodyBytes) {
        this.failStream('downstream.filter.too-large', undefined);
        return;
      }
      this.body?.feed(chunk.subarray(decoder.dataStart, decoder.dataEnd));
    }
    if (!decoder.done) {
      if (!this.paused) this.awaitBody();
      return;
    }
    this.readTimer.disarm();
    this.decoder = undefined;
    const body = this.body;
    this.body = undefined;
    if (next < chunk.length) this.hold(chunk.subarray(next));
    body?.complete(decoder.trailers);
  }

  /** A streamed body that grows past this fails with `downstream.filter.too-large`. */
  limitRequestBody(maxBytes: number): void {
    this.maxBodyBytes = maxBytes;
  }

  pauseBody(): void {
    if (this.decoder === undefined) return;
    this.readTimer.disarm();
    this.pace?.stop(this.now());
    this.pauseReading();
  }

  resumeBody(): void {
    if (this.decoder === undefined || !this.paused) return;
    this.awaitBody();
    this.resumeReading();
  }

  /** The next body bytes must come in time. */
  private awaitBody(): void {
    if (this.pace !== undefined) this.readTimer.arm(this.pace.start(this.now()));
  }

  /** Whoever read the body stopped: what still arrives of it is dropped, and the connection closes after the response. */
  abandonBody(): void {
    this.body = undefined;
    if (this.decoder !== undefined) this.resumeReading();
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
    if (!keepAlive || this.mustClose) {
      if (this.closeReason === 'peer-closed')
        this.closeReason = this.served >= this.maxRequests ? 'request-limit' : 'finished';
      this.closeGently();
      return;
    }
    this.readTimer.arm(this.context.config.timeouts.keepAliveMs);
    this.advance();
  }

  /** Ends our side and reads on for a moment: closing with unread bytes would reset the connection under the response. */
  private closeGently(): void {
    if (this.socket.destroyed || this.closing) return;
    this.closing = true;
    this.pending = undefined;
    this.body?.destroy();
    this.decoder = undefined;
    this.resumeReading();
    this.socket.end();
    this.readTimer.arm(LINGER_MS);
  }

  /** Gives the socket away for a tunnel. Only its closing is still watched. */
  handOver(): { readonly socket: Socket; readonly early: Buffer | undefined } {
    this.handedOver = true;
    this.readTimer.disarm();
    this.writeTimer.disarm();
    this.socket.off('data', this.onData);
    this.socket.pause();
    this.probeTunnel();
    const early = this.pending;
    this.pending = undefined;
    return { socket: this.socket, early };
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
  private reject(cause: Cause, rule: string): void {
    const { status } = CAUSES[cause];
    const requestId = this.countRejected(status, cause, rule);
    const problem = problemOf({ status, cause, requestId, detail: undefined, fields: [] });
    const contentLength = problem.body?.length ?? 0;
    const writing = {
      framing: 'length',
      contentLength,
      connection: 'close',
      nowMs: this.context.timers.now(),
    } as const;
    writeWhole(this.socket, serialiseResponseHead(problem.head, writing), problem.body);
    this.closeReason = 'rejected';
    this.closeGently();
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  private onReadTimeout(): void {
    if (this.closing) this.destroy(this.closeReason);
    else if (this.decoder !== undefined) this.failSlowBody();
    else if (this.reader.isPartial) this.reject('downstream.head.timeout', 'head-deadline');
    else {
      this.closeReason = 'idle';
      this.closeGently();
    }
  }

  private onWriteTimeout(): void {
    this.closeReason = 'write-timeout';
    if (this.stream === undefined) this.destroy('write-timeout');
    else this.stream.fail('downstream.response.timeout', undefined);
  }

  /** The client's FIN: the end of an idle connection, the abort of anything else. */
  private onEnd(): void {
    if (this.handedOver) return;
    if (this.stream !== undefined) {
      this.failStream(this.abortCause(), 'fin');
      return;
    }
    if (this.reader.isPartial && !this.closing) this.countAbortedHead('fin');
    this.closing = true;
    this.socket.end();
    this.readTimer.arm(LINGER_MS);
  }

  private onSocketGone(code: string): void {
    if (this.closeReason === 'peer-closed') this.closeReason = code === 'ECONNRESET' ? 'peer-reset' : 'error';
    if (this.handedOver) return;
    if (this.stream !== undefined) this.failStream(this.abortCause(), code);
    else if (this.reader.isPartial && !this.closing) this.countAbortedHead(code);
  }

  private onSocketClose(): void {
    this.readTimer.disarm();
    this.writeTimer.disarm();
    this.resetProbe?.rest();
    this.body?.fail(new Error('the client closed the connection'));
    this.body = undefined;
    if (this.stream !== undefined && !this.handedOver) this.failStream(this.abortCause(), 'close');
    this.closing = true;
    this.pending = undefined;
    this.context.telemetry.socketClosed('downstream', this.client.listener, this.closeReason);
    this.onClosed(this);
  }

  private abortCause(): Cause {
    if (this.decoder !== undefined) return 'downstream.body.aborted';
    return this.stream?.hasResponded === true ? 'downstream.response.aborted' : 'downstream.wait.aborted';
  }

  private countAbortedHead(detail: string): void {
    this.countRejected(0, 'downstream.head.aborted', detail);
    this.reader.reset();
  }

  /** Returns the id under which it was logged. */
  private countRejected(status: number, cause: Cause, detail: string): string {
    const { listener, peerAddress } = this.client;
    const id = this.context.nextId();
    this.context.telemetry.requestRejected({ id, listener, status, cause, detail, client: peerAddress });
    return id;
  }

  private failSlowBody(): void {
    this.failStream('downstream.body.timeout', this.pace?.isSlow === true ? 'body-rate' : 'body-gap');
  }

  private failStream(cause: Cause, detail: string | undefined): void {
    this.readTimer.disarm();
    this.body?.fail(new Error(cause));
    this.body = undefined;
    this.stream?.fail(cause, detail);
  }
}

const NO_BODY: Body = { kind: 'none' };

function ignoreReported(): void {
  // The connection told the exchange already, with the cause; see failStream.
}
