import type { Cause } from '../../contracts/cause.js';
import type { Body } from '../../contracts/message.js';
import { BodyDecoder, bodyFaultCause } from '../codec/http1/body-decoder.js';
import { BodyIntake } from '../codec/http1/body-intake.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import type { Piece } from '../codec/http1/head-reader.js';
import { HeadReader } from '../codec/http1/head-reader.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import type { Http1ResponseHead } from '../codec/http1/response-head.js';
import { RESPONSE_HEAD_BYTES, parseResponseHead } from '../codec/http1/response-head.js';

/** Owns the reading of responses out of the bytes of one connection: heads, interim ones included, then the body. */

const HEAD_LIMITS = { lineBytes: 16 * 1024, headBytes: RESPONSE_HEAD_BYTES };
/** Interim responses an upstream may send before the final one: an endless stream of them is a fault. */
const MAX_INTERIM = 32;

/** What the connection is told. Any of these may end the reading by `close`. */
export interface ResponseEvents extends BodySource {
  onInterim(head: Http1ResponseHead): void;
  /** A 101, with the bytes that came behind it. */
  onSwitch(head: Http1ResponseHead, early: Buffer | undefined): void;
  /** The final head; the body follows at once. */
  onFinalHead(head: Http1ResponseHead): void;
  /** A `complete` body is valid only during the call. `excess`: bytes came that belong to no response. */
  onWholeResponse(head: Http1ResponseHead, body: Body, excess: boolean): void;
  /** The first bytes of a body are waiting in the stream. */
  onStreamingResponse(head: Http1ResponseHead, stream: IncomingBody): void;
  onBodyBytes(): void;
  /** The last byte of a streamed body is in its stream, which has not been told of its end yet. */
  onBodyEnd(excess: boolean): void;
  onFault(cause: Cause, rule: string): void;
}

export class ResponseReader {
  /** Some byte of the response has arrived. */
  hasBegun = false;
  private readonly events: ResponseEvents;
  private readonly head = new HeadReader(HEAD_LIMITS);
  private open = false;
  private method = 'GET';
  private interimCount = 0;
  private readonly intake: BodyIntake;
  private decoder: BodyDecoder | undefined = undefined;

  constructor(events: ResponseEvents, isTls: boolean) {
    this.events = events;
    this.intake = new BodyIntake(isTls);
  }

  /** What the socket should read into next. */
  nextBuffer(): Buffer {
    return this.intake.buffer;
  }

  /** The next bytes are the response to a request of this method, which decides whether there is a body. */
  expect(method: string): void {
    this.method = method;
    this.open = true;
    this.hasBegun = false;
    this.interimCount = 0;
  }

  /** Reads no further. A body that is under way breaks with `error`, or silently without one. */
  close(error?: Error): void {
    const body = this.intake.drop();
    this.open = false;
    if (error === undefined) body?.destroy();
    else body?.fail(error);
  }

  read(bytes: Buffer, length: number, reused: boolean): void {
    this.hasBegun = true;
    const piece = { bytes, start: 0, end: length, reused };
    if (this.decoder !== undefined) this.readBody(this.decoder, piece);
    else this.readHeads(piece);
  }

  /** The endpoint has closed its side. True when that is the proper end of the body. */
  finish(): boolean {
    if (this.decoder?.finish() !== true) return false;
    this.endBody(this.decoder, false);
    return true;
  }

  private readHeads(first: Piece): void {
    let piece = first;
    while (this.open) {
      const head = this.readHead(piece);
      if (head === undefined) return;
      // A head put together from several reads stands in a buffer of its own.
      const reused = piece.reused && this.head.bytes === piece.bytes;
      piece = { bytes: this.head.bytes, start: this.head.end, end: this.head.bytesEnd, reused };
      if (head.status >= 200 || head.status === 101) {
        this.beginResponse(head, piece);
        return;
      }
      this.noteInterim(head);
      if (piece.start === piece.end) return;
    }
  }

  /** Undefined when the head is not complete, or at fault. */
  private readHead(piece: Piece): Http1ResponseHead | undefined {
    const progress = this.head.read(piece);
    if (progress === 'partial') return undefined;
    if (progress !== 'complete') {
      this.fault(progress === 'bare-lf' ? 'upstream.head.malformed' : 'upstream.head.too-large', progress);
      return undefined;
    }
    const head = parseResponseHead(this.head.bytes, this.head, this.method);
    if (!(head instanceof HeadFault)) return head;
    this.fault(head.cause, head.rule);
    return undefined;
  }

  private noteInterim(head: Http1ResponseHead): void {
    this.interimCount += 1;
    if (this.interimCount > MAX_INTERIM) this.fault('upstream.head.malformed', 'interim-count');
    else this.events.onInterim(head);
  }

  private beginResponse(head: Http1ResponseHead, rest: Piece): void {
    const { bytes, start, end } = rest;
    this.head.reset();
    if (head.status === 101) {
      this.open = false;
      // Copied, because a tunnel outlives the buffer.
      this.events.onSwitch(head, start < end ? Buffer.from(bytes.subarray(start, end)) : undefined);
      return;
    }
    this.events.onFinalHead(head);
    if (head.framing === 'none') this.deliver(head, NO_BODY, start < end);
    else this.beginBody(head, rest);
  }

  private beginBody(head: Http1ResponseHead, rest: Piece): void {
    const { bytes, start, end } = rest;
    const decoder = new BodyDecoder(head.framing, head.contentLength);
    const next = decoder.done ? start : decoder.decode(bytes, start, end);
    if (decoder.fault !== '') this.fault(bodyFaultCause('upstream', decoder.fault), decoder.fault);
    else if (!decoder.done) this.beginStream(head, decoder, rest);
    else {
      const whole = bytes.subarray(decoder.dataStart, decoder.dataEnd);
      this.deliver(head, { kind: 'complete', bytes: whole, trailers: decoder.trailers }, next < end);
    }
  }

  private deliver(head: Http1ResponseHead, body: Body, excess: boolean): void {
    this.open = false;
    this.events.onWholeResponse(head, body, excess);
  }

  private beginStream(head: Http1ResponseHead, decoder: BodyDecoder, piece: Piece): void {
    const body = new IncomingBody(this.events);
    // Its failure reaches the observer as well; the stream may have no reader at that moment.
    body.on('error', ignoreReported);
    this.decoder = decoder;
    this.intake.begin(body);
    this.feed(decoder, piece);
    this.events.onStreamingResponse(head, body);
  }

  private readBody(decoder: BodyDecoder, piece: Piece): void {
    if (!this.open) return;
    const next = decoder.decode(piece.bytes, piece.start, piece.end);
    if (decoder.fault !== '') {
      this.fault(bodyFaultCause('upstream', decoder.fault), decoder.fault);
      return;
    }
    this.events.onBodyBytes();
    this.feed(decoder, piece);
    if (decoder.done) this.endBody(decoder, next < piece.end);
  }

  private feed(decoder: BodyDecoder, { bytes, reused }: Piece): void {
    this.intake.take(bytes.subarray(decoder.dataStart, decoder.dataEnd), reused);
  }

  private endBody(decoder: BodyDecoder, excess: boolean): void {
    const body = this.intake.finish();
    this.open = false;
    this.decoder = undefined;
    this.events.onBodyEnd(excess || decoder.framing === 'close');
    body?.complete(decoder.trailers);
  }

  private fault(cause: Cause, rule: string): void {
    this.open = false;
    this.events.onFault(cause, rule);
  }
}

const NO_BODY = { kind: 'none' } as const;

function ignoreReported(): void {
  // The connection told its observer already, with the cause.
}
