import { constants } from 'node:http2';
import type { ClientHttp2Stream, ClientSessionRequestOptions, OutgoingHttpHeaders } from 'node:http2';
import type { Cause } from '../../contracts/cause.js';
import type { Fields } from '../../contracts/fields.js';
import type { Body } from '../../contracts/message.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type {
  AttemptFailure,
  AttemptObserver,
  Checkout,
  CheckoutOptions,
  UpstreamConnection,
  UpstreamRequest,
} from '../../contracts/upstream.js';
import { Http2OutgoingBody } from '../codec/http2/outgoing-body.js';
import type { Http2BodyTarget } from '../codec/http2/outgoing-body.js';
import { requestHeadersOf } from '../codec/http2/request-writer.js';
import { headersOf } from '../codec/http2/response-head.js';
import type { Http2ResponseHead } from '../codec/http2/response-parser.js';
import { finalFailure } from './attempt-failure.js';
import type { BusyEndpoint } from './connection-home.js';
import { Http2ResponseReader } from './http2-response-reader.js';
import type { Http2ResponseEvents } from './http2-response-reader.js';
import { refusedFailure, streamFailure } from './stream-failure.js';

/** The connection as its exchanges see it. */
export interface ExchangeHost {
  readonly endpoint: BusyEndpoint;
  readonly scheme: 'http' | 'https';
  readonly timers: Timers;
  /** Why the whole connection is lost; undefined while it is not. */
  readonly lost: string | undefined;
  /** Undefined when the connection takes no further exchange after all. */
  open(headers: OutgoingHttpHeaders, options: ClientSessionRequestOptions): ClientHttp2Stream | undefined;
  /** Part of a response came: the endpoint is alive. */
  heard(): void;
  /** Nothing came for an exchange that was sent then. */
  suspect(sinceMs: number): void;
  /** The endpoint has said by GOAWAY that it did not process this stream. */
  isUnprocessed(streamId: number | undefined): boolean;
  /** The stream is closed, or was never opened. Idempotent. */
  onStreamClosed(exchange: Http2UpstreamStream): void;
}

type Phase = 'waiting' | 'responding' | 'done' | 'closed';

/** Owns one exchange on an HTTP/2 connection to an endpoint: request, response, deadlines, and why it ended. */
export class Http2UpstreamStream
  implements UpstreamConnection, Checkout, Http2ResponseEvents, Http2BodyTarget
{
  readonly endpoint: BusyEndpoint;
  readonly reused: boolean;
  readonly watchesSilence = true;
  private readonly host: ExchangeHost;
  private readonly options: CheckoutOptions;
  private readonly timer: Timer;
  private observer: AttemptObserver | undefined;
  private opened: ClientHttp2Stream | undefined = undefined;
  private reader: Http2ResponseReader | undefined = undefined;
  /** Resets the stream without ending the request first, as `close` would. */
  private aborter: AbortController | undefined = undefined;
  private sink: Http2OutgoingBody | undefined = undefined;
  private phase: Phase = 'waiting';
  private requestSent = false;
  /** There is something of the request that the endpoint has not taken. */
  private isHeldUp = false;
  private sentAtMs = 0;
  private leased = true;

  constructor(
    host: ExchangeHost,
    observer: AttemptObserver,
    plan: { readonly options: CheckoutOptions; readonly reused: boolean },
  ) {
    this.host = host;
    this.observer = observer;
    this.options = plan.options;
    this.reused = plan.reused;
    this.endpoint = host.endpoint;
    this.endpoint.active += 1;
    this.timer = host.timers.create(() => {
      this.onTimeout();
    });
  }

  // ---- the request ---------------------------------------------------------------------------------------------------

  send(request: UpstreamRequest): Http2OutgoingBody | undefined {
    const { body } = request;
    const isEmpty = !hasContent(body);
    if (body.kind === 'stream') this.aborter = new AbortController();
    const stream = this.host.open(requestHeadersOf(request, this.host.scheme), {
      endStream: isEmpty,
      waitForTrailers: body.kind === 'stream' || (body.kind === 'complete' && body.trailers !== undefined),
      ...(this.aborter === undefined ? {} : { signal: this.aborter.signal }),
    });
    if (stream === undefined) {
      // Told when the caller is done with sending.
      setImmediate(() => {
        this.fail(refusedFailure('connection-closing'));
      });
      return undefined;
    }
    this.opened = stream;
    this.reader = new Http2ResponseReader(stream, request.method, this);
    this.listen(stream, request);
    if (isEmpty) this.onRequestSent();
    else this.timer.arm(this.options.idleTimeoutMs);
    this.isHeldUp = body.kind === 'complete';
    return this.sendBody(stream, body);
  }

  private sendBody(stream: ClientHttp2Stream, body: Body): Http2OutgoingBody | undefined {
    if (body.kind === 'stream') {
      this.sink = new Http2OutgoingBody(this, false);
      return this.sink;
    }
    // Copied: the caller may use it again at once, and the endpoint's window may delay it.
    if (body.kind === 'complete' && hasContent(body)) stream.end(Buffer.from(body.bytes));
    return undefined;
  }

  private listen(stream: ClientHttp2Stream, { body }: UpstreamRequest): void {
    stream.on('wantTrailers', () => {
      const fields: Fields | undefined =
        body.kind === 'stream' ? body.stream.trailers : body.kind === 'complete' ? body.trailers : undefined;
      stream.sendTrailers(fields === undefined ? {} : headersOf(fields));
    });
    stream.on('finish', () => {
      this.onRequestSent();
    });
    stream.on('error', noted);
    stream.on('close', () => {
      this.onClose(stream);
    });
  }

  private onRequestSent(): void {
    if (this.requestSent) return;
    this.requestSent = true;
    this.sentAtMs = this.host.timers.now();
    if (this.phase === 'waiting') this.timer.arm(this.options.responseHeadTimeoutMs);
  }

  /** What the sink of the request's body writes to: there is one only for a stream that was opened. */
  get stream(): ClientHttp2Stream {
    if (this.opened === undefined) throw new Error('the stream is not open');
    return this.opened;
  }

  get isClean(): boolean {
    return this.opened?.rstCode === constants.NGHTTP2_NO_ERROR && !this.opened.aborted;
  }

  onBodyBlocked(): void {
    this.isHeldUp = true;
    this.touch();
  }

  onBodyTaken(): void {
    this.isHeldUp = false;
    this.touch();
  }

  onBodyEnded(): void {
    // The request is sent when the stream has finished.
  }

  /** The rest of the request will never come: the endpoint must not take what it got for the whole. */
  onBodyAborted(): void {
    this.reset();
  }

  /** Bytes flow one way or the other: whoever is silent for long while nothing does ends the exchange. */
  private touch(): void {
    if (this.phase === 'responding') this.awaitBody();
    else if (this.phase === 'waiting' && !this.requestSent) this.timer.arm(this.options.idleTimeoutMs);
  }

  // ---- the response --------------------------------------------------------------------------------------------------

  onInterim(head: Http2ResponseHead): void {
    this.host.heard();
    this.observer?.onInterim(head);
  }

  onWholeResponse(head: Http2ResponseHead, body: Body): void {
    if (this.phase !== 'waiting') return;
    this.host.heard();
    this.timer.disarm();
    this.phase = 'done';
    this.observer?.onResponse(head, body);
  }

  onStreamingResponse(head: Http2ResponseHead, body: Extract<Body, { kind: 'stream' }>): void {
    if (this.phase !== 'waiting') return;
    this.host.heard();
    this.phase = 'responding';
    this.awaitBody();
    this.observer?.onResponse(head, body);
  }

  onBodyBytes(): void {
    this.host.heard();
    this.touch();
  }

  /** A blocked client is not the endpoint's silence: its deadline stops while nobody reads. */
  onBodyPaused(paused: boolean): void {
    if (paused) this.timer.disarm();
    else this.touch();
  }

  onBodyEnd(): void {
    this.timer.disarm();
    this.phase = 'done';
  }

  onBodyAbandoned(): void {
    if (this.phase === 'responding') this.reset();
  }

  onFault(cause: Cause, rule: string): void {
    this.fail(finalFailure(cause, rule));
  }

  private awaitBody(): void {
    if (this.reader?.isPaused !== true) this.timer.arm(this.options.idleTimeoutMs);
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  release(): void {
    this.observer = undefined;
    this.endLease();
    this.timer.disarm();
    this.phase = 'closed';
    // An answer that came before the whole request: what is left of it is of no use to anybody.
    if (!this.requestSent) this.reset();
    else this.reader?.discard();
    this.dropSink();
  }

  destroy(): void {
    this.observer = undefined;
    this.endLease();
    this.timer.disarm();
    this.phase = 'closed';
    this.reader?.close(undefined);
    this.reset();
    this.dropSink();
  }

  cancel(): void {
    this.destroy();
  }

  /** The connection is about to be lost: a response that has come in whole is not. */
  saveWhole(): void {
    this.reader?.saveWhole();
  }

  private onTimeout(): void {
    if (this.phase === 'responding') this.failSilent('upstream.body.timeout', undefined);
    else if (this.requestSent) this.failSilent('upstream.head.timeout', undefined);
    else if (this.isHeldUp) this.failSilent('upstream.request.timeout', undefined);
    // It took what there was: the client says no more, and it has nothing to say to that.
    else this.failSilent('upstream.exchange.timeout', 'idle');
  }

  private failSilent(cause: Cause, detail: string | undefined): void {
    this.host.suspect(this.sentAtMs);
    this.fail(finalFailure(cause, detail));
  }

  private onClose(stream: ClientHttp2Stream): void {
    const { lost } = this.host;
    if (this.phase === 'waiting' || this.phase === 'responding')
      this.fail(
        streamFailure({
          code: stream.rstCode,
          responded: this.phase === 'responding' || this.reader?.hasHead === true,
          reused: this.reused,
          unprocessed: this.host.isUnprocessed(stream.id),
          lost,
        }),
      );
    this.host.onStreamClosed(this);
  }

  private fail(failure: AttemptFailure): void {
    const { observer } = this;
    if (this.phase === 'closed') return;
    this.observer = undefined;
    this.phase = 'closed';
    this.timer.disarm();
    this.endLease();
    this.reader?.close(new Error(failure.cause));
    this.reset();
    observer?.onAttemptFailed({ ...failure, endpoint: this.endpoint });
    this.dropSink();
  }

  /** RST_STREAM with CANCEL, where the stream is not closed: the connection is not concerned. */
  private reset(): void {
    const { opened } = this;
    if (opened === undefined) this.host.onStreamClosed(this);
    else if (opened.destroyed) return;
    else if (!this.requestSent && this.aborter !== undefined) this.aborter.abort();
    else if (!opened.closed) opened.close(constants.NGHTTP2_CANCEL);
  }

  private dropSink(): void {
    if (this.sink?.writableFinished === false)
      this.sink.destroy(new Error('the request is of no use any more'));
  }

  private endLease(): void {
    if (!this.leased) return;
    this.leased = false;
    this.endpoint.active -= 1;
  }
}

function hasContent(body: Body): boolean {
  if (body.kind === 'complete') return body.bytes.length > 0 || body.trailers !== undefined;
  return body.kind === 'stream';
}

function noted(): void {
  // The code of the stream's end is read when it closes.
}
