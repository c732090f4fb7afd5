import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { ListenerConfig } from '../../contracts/config.js';
import type { DownstreamObserver, DownstreamStream } from '../../contracts/downstream.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { Fields } from '../../contracts/fields.js';
import type { Body, ResponseHead } from '../../contracts/message.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import { closeAnswered } from '../codec/http2/close-answered.js';
import type { Http2BodyTarget } from '../codec/http2/outgoing-body.js';
import { Http2OutgoingBody } from '../codec/http2/outgoing-body.js';
import type { Http2RequestHead } from '../codec/http2/request-head.js';
import { headersOf, responseHeadersOf } from '../codec/http2/response-head.js';
import { Http2RequestBody } from './http2-request-body.js';
import { Http2Tunnel } from './http2-tunnel.js';

/** The connection as its streams see it. */
export interface Http2StreamHost {
  readonly client: ClientInfo;
  readonly timers: Timers;
  readonly config: ListenerConfig;
  /** Why the whole connection has ended; undefined when it has not. */
  readonly loss: string | undefined;
  /** Bytes of a body that came, or were taken by the client: for the flood guard. */
  onBodyReceived(bytes: number): void;
  onBodySent(bytes: number): void;
  /** One more of its streams is a tunnel, or one less. */
  onTunnel(change: 1 | -1): void;
}

interface ResponsePlan {
  /** Of the body that is at hand or announced. */
  readonly length: number;
  /** The head is all there is. */
  readonly ends: boolean;
  readonly trailers: (() => Fields | undefined) | undefined;
}

const NO_BODY: Body = { kind: 'none' };
const EMPTY_BODY: Body = { kind: 'complete', bytes: Buffer.alloc(0), trailers: undefined };
const NO_BODY_STATUSES = new Set([204, 205, 304]);

/** Owns one exchange on an HTTP/2 connection: its request body, its answer, its write deadline, and when it is finished. */
export class Http2Stream implements DownstreamStream, Http2BodyTarget {
  readonly head: Http2RequestHead;
  readonly client: ClientInfo;
  readonly body: Body;
  readonly stream: ServerHttp2Stream;
  private readonly host: Http2StreamHost;
  private readonly writeTimer: Timer;
  private readonly incoming: Http2RequestBody | undefined;
  private observer: DownstreamObserver | undefined = undefined;
  private trailers: (() => Fields | undefined) | undefined = undefined;
  private hasResponded = false;
  /** The last piece of the response is on its way. */
  private responseEnded = false;
  /** It was Torus that reset the stream. */
  private brokenOff = false;
  /** Nobody is told anything any more. */
  private ended = false;

  constructor(host: Http2StreamHost, stream: ServerHttp2Stream, head: Http2RequestHead, endStream: boolean) {
    this.host = host;
    this.stream = stream;
    this.head = head;
    this.client = host.client;
    this.writeTimer = host.timers.create(() => {
      this.fail('downstream.response.timeout', undefined);
    });
    this.incoming = endStream || head.connect !== undefined ? undefined : this.receiveBody();
    if (this.incoming !== undefined) this.body = { kind: 'stream', stream: this.incoming.readable };
    else this.body = head.framing === 'length' ? EMPTY_BODY : NO_BODY;
    stream.on('finish', () => {
      this.onFinish();
    });
    stream.on('aborted', () => {
      // A client that resets without an error would be waited for until its body is read.
      setImmediate(() => stream.destroy());
    });
    stream.on('close', () => {
      this.onClose();
    });
  }

  get requestBytes(): number {
    return this.incoming?.bytes ?? 0;
  }

  get isGone(): boolean {
    return !this.isWritable;
  }

  /** The client gave up before it had the whole answer. */
  get wasReset(): boolean {
    return !this.brokenOff && !this.isComplete && this.stream.rstCode !== constants.NGHTTP2_NO_ERROR;
  }

  observe(observer: DownstreamObserver): void {
    this.observer = observer;
  }

  limitRequestBody(maxBytes: number): void {
    this.incoming?.limit(maxBytes);
  }

  relaxRequestPace(): void {
    this.incoming?.relax();
  }

  discardRequestBody(): void {
    this.incoming?.readable.destroy();
  }

  private receiveBody(): Http2RequestBody {
    const { config, timers } = this.host;
    return new Http2RequestBody(this.stream, {
      timers,
      config,
      onBytes: (count) => {
        this.host.onBodyReceived(count);
      },
      onFault: (cause, detail) => {
        this.fail(cause, detail);
      },
    });
  }

  // ---- the response --------------------------------------------------------------------------------------------------

  sendInterim(head: ResponseHead): void {
    if (!this.isWritable || this.hasResponded) return;
    this.stream.additionalHeaders(
      responseHeadersOf(head, { contentLength: -1, withTrailers: false, nowMs: 0 }),
    );
  }

  sendComplete(head: ResponseHead, body: Buffer | undefined, trailers: Fields | undefined): void {
    if (!this.isWritable) return;
    const hasBody = body !== undefined && body.length > 0 && !this.isBodyless(head);
    const length = body?.length ?? 0;
    const ends = !hasBody && trailers === undefined;
    this.respond(head, { length, ends, trailers: trailers && (() => trailers) });
    // A body that is yet to come is waited for by nobody here: each piece of it has a deadline of its own.
    this.onBodyBlocked();
    this.responseEnded = true;
    this.host.onBodySent(length);
    // Copied: the caller may use it again at once, and the client's window may delay it.
    if (hasBody) this.stream.end(Buffer.from(body));
    else if (trailers !== undefined) this.stream.end();
  }

  sendStreaming(head: ResponseHead, trailers: () => Fields | undefined): Http2OutgoingBody {
    const bodyless = this.isBodyless(head);
    if (this.isWritable) this.respond(head, { length: head.contentLength, ends: bodyless, trailers });
    if (bodyless) this.responseEnded = true;
    return new Http2OutgoingBody(this, bodyless);
  }

  /** RFC 9113 section 8.5: from here on DATA frames are what the tunnel carries. */
  switchProtocols(head: ResponseHead): Duplex {
    this.hasResponded = true;
    this.ended = true;
    const nowMs = this.host.timers.coarseNow();
    this.countTunnel();
    if (!this.stream.destroyed)
      this.stream.respond(responseHeadersOf(head, { contentLength: -1, withTrailers: false, nowMs }));
    return new Http2Tunnel(this.stream, {
      onReceived: (bytes) => {
        this.host.onBodyReceived(bytes);
      },
      onSent: (bytes) => {
        this.host.onBodySent(bytes);
      },
      onBrokenOff: () => {
        this.brokenOff = true;
      },
    });
  }

  /** Until its stream is closed; one that is closed already tells of it no more. */
  private countTunnel(): void {
    if (this.stream.destroyed) return;
    this.host.onTunnel(1);
    this.stream.once('close', () => this.host.onTunnel(-1));
  }

  /** RST_STREAM. Only `destroy` does: `close` of Node 20 to 26 ends the body before it resets, so that a part looks complete. */
  abort(): void {
    this.ended = true;
    if (this.stream.destroyed) return;
    this.brokenOff = true;
    this.stream.destroy(new Error('aborted'));
  }

  private get isWritable(): boolean {
    return !this.ended && !this.stream.destroyed && !this.stream.closed;
  }

  private isBodyless(head: ResponseHead): boolean {
    return head.framing === 'none' || this.head.method === 'HEAD' || NO_BODY_STATUSES.has(head.status);
  }

  private respond(head: ResponseHead, plan: ResponsePlan): void {
    this.hasResponded = true;
    const withTrailers = head.framing === 'chunked' && !plan.ends && plan.trailers !== undefined;
    const contentLength =
      head.framing === 'length' && !NO_BODY_STATUSES.has(head.status) ? plan.length : lengthOfNothing(head);
    if (withTrailers) this.awaitTrailers(plan.trailers);
    const nowMs = this.host.timers.coarseNow();
    this.stream.respond(responseHeadersOf(head, { contentLength, withTrailers, nowMs }), {
      endStream: plan.ends,
      waitForTrailers: withTrailers,
    });
  }

  private awaitTrailers(trailers: ResponsePlan['trailers']): void {
    this.trailers = trailers;
    this.stream.on('wantTrailers', () => {
      const fields = this.trailers?.();
      this.trailers = undefined;
      this.stream.sendTrailers(fields === undefined ? {} : headersOf(fields));
      // After the turn in which Node sends them.
      setImmediate(() => {
        this.endRequest();
      });
    });
  }

  onBodyBlocked(): void {
    this.writeTimer.arm(this.host.config.timeouts.writeGapMs);
  }

  onBodyTaken(bytes: number): void {
    this.host.onBodySent(bytes);
    this.writeTimer.disarm();
  }

  onBodyEnded(): void {
    this.responseEnded = true;
  }

  get isClean(): boolean {
    return this.stream.rstCode === constants.NGHTTP2_NO_ERROR && !this.stream.aborted;
  }

  onBodyAborted(): void {
    this.abort();
  }

  /** Everything but trailers has left. */
  private onFinish(): void {
    if (this.trailers === undefined) this.endRequest();
  }

  private endRequest(): void {
    if (this.head.connect !== undefined) this.endRefusedTunnel();
    if (this.incoming === undefined || this.incoming.isComplete || this.stream.destroyed) return;
    this.incoming.drop();
    closeAnswered(this.stream);
  }

  /** No tunnel came of it: what the client may have sent for one is dropped. */
  private endRefusedTunnel(): void {
    if (this.ended || this.stream.destroyed) return;
    closeAnswered(this.stream.resume());
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  fail(cause: Cause, detail: string | undefined): void {
    if (this.ended) return;
    this.incoming?.break(new Error(cause));
    this.observer?.onDownstreamFailure(cause, detail);
  }

  private get isComplete(): boolean {
    return this.responseEnded && this.isClean;
  }

  /** nghttp2 has reset it: the length is not the one announced. A client that gives up has other codes. */
  private get isMalformed(): boolean {
    return this.host.loss === undefined && this.stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR;
  }

  private onClose(): void {
    const cause = this.abortCause();
    this.writeTimer.disarm();
    this.incoming?.break(new Error('the stream was closed'));
    if (this.ended) return;
    if (this.isComplete) this.observer?.onDownstreamFinished();
    else this.fail(cause, this.host.loss ?? `rst-${String(this.stream.rstCode)}`);
    this.ended = true;
  }

  private abortCause(): Cause {
    if (this.incoming?.isComplete === false)
      return this.isMalformed ? 'downstream.body.malformed' : 'downstream.body.aborted';
    return this.hasResponded ? 'downstream.response.aborted' : 'downstream.wait.aborted';
  }
}

/** What a GET would have got, where the upstream said it (HEAD, 304). */
function lengthOfNothing(head: ResponseHead): number {
  return head.framing === 'none' ? head.contentLength : -1;
}
