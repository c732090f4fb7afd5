import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import type { Cause } from '../../contracts/cause.js';
import type { Fields } from '../../contracts/fields.js';
import type { Body } from '../../contracts/message.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import type { Http2ResponseHead } from '../codec/http2/response-parser.js';
import { RESPONSE_SECTION_LIMITS, parseHttp2ResponseHead } from '../codec/http2/response-parser.js';
import { parseHttp2Trailers } from '../codec/http2/trailers.js';

/**
 * Owns the reading of the response on one HTTP/2 stream: heads, interim ones included, then the body and its trailers. While
 * nobody reads the body the stream is paused, and the endpoint's window is not opened again.
 */

/** Interim responses an upstream may send before the final one: an endless stream of them is a fault. */
const MAX_INTERIM = 32;

/** What the exchange is told. */
export interface Http2ResponseEvents {
  onInterim(head: Http2ResponseHead): void;
  /** A `complete` body is valid only during the call. */
  onWholeResponse(head: Http2ResponseHead, body: Body): void;
  onStreamingResponse(head: Http2ResponseHead, body: Extract<Body, { kind: 'stream' }>): void;
  onBodyBytes(): void;
  onBodyPaused(paused: boolean): void;
  /** The body is complete; its stream has not been told of its end yet. */
  onBodyEnd(): void;
  /** Its reader gave up before the end. */
  onBodyAbandoned(): void;
  onFault(cause: Cause, rule: string): void;
}

export class Http2ResponseReader implements BodySource {
  /** The final head has come. */
  hasHead = false;
  isPaused = false;
  private readonly stream: ClientHttp2Stream;
  private readonly method: string;
  private readonly events: Http2ResponseEvents;
  private body: IncomingBody | undefined = undefined;
  private trailers: Fields | undefined = undefined;
  private interimCount = 0;
  private statedLength = -1;
  private received = 0;
  /** END_STREAM has come. Everything before it may still wait to be read. */
  private ended = false;
  private open = true;

  constructor(stream: ClientHttp2Stream, method: string, events: Http2ResponseEvents) {
    this.stream = stream;
    this.method = method;
    this.events = events;
    this.watchEnd();
    this.listen();
  }

  get waitingBytes(): number {
    return this.stream.readableLength;
  }

  /** Reads no further. A body that is under way breaks with `error`, or silently without one. */
  close(error: Error | undefined): void {
    const { body } = this;
    this.open = false;
    this.body = undefined;
    if (error === undefined) body?.destroy();
    else body?.fail(error);
  }

  /** What may still come, if only the end of the stream, is thrown away. */
  discard(): void {
    this.open = false;
    if (!this.stream.destroyed) this.stream.resume();
  }

  /** The stream is about to be destroyed: what it holds of a response that is complete goes to the body's own buffer. */
  saveWhole(): void {
    if (!this.open || !this.ended || this.body === undefined || this.stream.rstCode !== 0) return;
    while (this.stream.read() !== null);
    this.onEnd();
  }

  pauseBody(): void {
    if (!this.open || this.isPaused) return;
    this.isPaused = true;
    this.stream.pause();
    this.events.onBodyPaused(true);
  }

  resumeBody(): void {
    if (!this.open || !this.isPaused) return;
    this.isPaused = false;
    this.stream.resume();
    this.events.onBodyPaused(false);
  }

  abandonBody(): void {
    if (this.open) this.events.onBodyAbandoned();
  }

  /**
   * Node ends the stream in the same way for END_STREAM and for RST_STREAM with NO_ERROR, which may cut a response off in the
   * middle. Only the first of them comes before the stream is closed.
   */
  private watchEnd(): void {
    const { stream } = this;
    const push = stream.push.bind(stream);
    stream.push = (piece: unknown, encoding?: BufferEncoding) => {
      if (piece === null && !stream.closed && !stream.destroyed) this.ended = true;
      return push(piece, encoding);
    };
  }

  private listen(): void {
    const { stream } = this;
    stream.on('headers', (_headers: object, _flags: number, pairs?: readonly string[]) => {
      this.onInterim(pairs ?? []);
    });
    stream.on('response', (_headers: object, flags: number, pairs?: readonly string[]) => {
      this.onHead((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0, pairs ?? []);
    });
    stream.on('trailers', (_headers: object, _flags: number, pairs?: readonly string[]) => {
      this.onTrailers(pairs ?? []);
    });
  }

  // ---- heads ---------------------------------------------------------------------------------------------------------

  private onInterim(pairs: readonly string[]): void {
    if (!this.open || this.hasHead) return;
    this.interimCount += 1;
    const head = parseHttp2ResponseHead(pairs, { method: this.method, endStream: false });
    if (head instanceof HeadFault) this.fault(head.cause, head.rule);
    else if (this.interimCount > MAX_INTERIM) this.fault('upstream.head.malformed', 'interim-count');
    else this.events.onInterim(head);
  }

  private onHead(endStream: boolean, pairs: readonly string[]): void {
    if (!this.open || this.hasHead) return;
    const head = parseHttp2ResponseHead(pairs, { method: this.method, endStream });
    if (head instanceof HeadFault) {
      this.fault(head.cause, head.rule);
      return;
    }
    if (head.status < 200) {
      this.fault('upstream.head.malformed', 'interim-end');
      return;
    }
    this.hasHead = true;
    this.statedLength = head.framing === 'none' ? -1 : head.statedLength;
    // All of it has come in one read: its trailers are told in this turn too, but after the head.
    if (this.ended) process.nextTick(deliverWhole, this, head);
    else if (head.framing === 'none') this.awaitEmptyEnd(head);
    else this.beginBody(head);
  }

  /** Takes the whole response, as it waits in the stream. */
  takeWhole(head: Http2ResponseHead): void {
    // With the stream what it held is gone: the exchange hears of it when the stream has closed.
    if (!this.open || this.stream.destroyed) return;
    const bytes = this.stream.read() as Buffer | null;
    this.received = bytes?.length ?? 0;
    if (!this.isWholeLength) {
      this.fault('upstream.body.malformed', 'content-length');
      return;
    }
    const { trailers } = this;
    this.open = false;
    if (bytes !== null && trailers === undefined && head.framing === 'chunked')
      head.settleLength(bytes.length);
    if (bytes === null && trailers === undefined) this.events.onWholeResponse(head, NO_BODY);
    else this.events.onWholeResponse(head, { kind: 'complete', bytes: bytes ?? NOTHING, trailers });
  }

  /** There is no body, and END_STREAM comes in a frame of its own: before it nobody knows that nothing else does. */
  private awaitEmptyEnd(head: Http2ResponseHead): void {
    this.stream.once('end', () => {
      if (!this.open || !this.ended) return;
      this.open = false;
      this.events.onWholeResponse(head, NO_BODY);
    });
    this.stream.resume();
  }

  // ---- the body ------------------------------------------------------------------------------------------------------

  private beginBody(head: Http2ResponseHead): void {
    const body = new IncomingBody(this);
    // Its failure reaches the observer as well; the stream may have no reader at that moment.
    body.on('error', ignoreReported);
    this.body = body;
    this.stream.on('data', (piece: Buffer) => {
      this.onData(piece);
    });
    this.stream.on('end', () => {
      this.onEnd();
    });
    this.events.onStreamingResponse(head, { kind: 'stream', stream: body });
  }

  private onData(piece: Buffer): void {
    if (!this.open) return;
    this.received += piece.length;
    if (this.statedLength >= 0 && this.received > this.statedLength) {
      this.fault('upstream.body.malformed', 'content-length');
      return;
    }
    this.events.onBodyBytes();
    this.body?.feed(piece);
  }

  private onTrailers(pairs: readonly string[]): void {
    if (!this.open) return;
    const trailers = parseHttp2Trailers(pairs, RESPONSE_SECTION_LIMITS);
    if (trailers === undefined) this.fault('upstream.body.malformed', 'trailers');
    else this.trailers = trailers;
  }

  /** Also comes when the endpoint broke off: then it is no end. */
  private onEnd(): void {
    const { body } = this;
    if (!this.open || !this.ended || this.stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
    if (!this.isWholeLength) {
      this.fault('upstream.body.malformed', 'content-length');
      return;
    }
    this.open = false;
    this.body = undefined;
    this.events.onBodyEnd();
    body?.complete(this.trailers);
  }

  private get isWholeLength(): boolean {
    return this.statedLength < 0 || this.received === this.statedLength;
  }

  private fault(cause: Cause, rule: string): void {
    this.events.onFault(cause, rule);
  }
}

const NO_BODY: Body = { kind: 'none' };
const NOTHING = Buffer.alloc(0);

function deliverWhole(reader: Http2ResponseReader, head: Http2ResponseHead): void {
  reader.takeWhole(head);
}

function ignoreReported(): void {
  // The exchange told its observer already, with the cause.
}
