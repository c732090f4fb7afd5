import type { Cause } from '../../contracts/cause.js';
import type { Body } from '../../contracts/message.js';
import { BodyDecoder, bodyFaultCause } from '../codec/http1/body-decoder.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import { HeadReader } from '../codec/http1/head-reader.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import type { Http1ResponseHead } from '../codec/http1/response-head.js';
import { RESPONSE_HEAD_BYTES, parseResponseHead } from '../codec/http1/response-head.js';
import { SHARED_READ_BUFFER, giveReadBuffer, takeReadBuffer } from '../codec/read-buffers.js';

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

/** Bytes as they were read. `reused`: the buffer is overwritten by the next read, unless `nextBuffer` changes before. */
interface Piece {
  readonly bytes: Buffer;
  readonly start: number;
  readonly reused: boolean;
}

export class ResponseReader {
  /** What the socket should read into next. */
  nextBuffer: Buffer = SHARED_READ_BUFFER;
  /** Some byte of the response has arrived. */
  hasBegun = false;
  private readonly events: ResponseEvents;
  private readonly head = new HeadReader(HEAD_LIMITS);
  private open = false;
  private method = 'GET';
  private interimCount = 0;
  private decoder: BodyDecoder | undefined = undefined;
  private body: IncomingBody | undefined = undefined;

  constructor(events: ResponseEvents) {
    this.events = events;
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
    const { body } = this;
    this.open = false;
    this.body = undefined;
    if (error === undefined) body?.destroy();
    else body?.fail(error);
  }

  read(bytes: Buffer, length: number, reused: boolean): void {
    this.hasBegun = true;
    if (this.decoder !== undefined) this.readBody(this.decoder, { bytes, start: 0, reused }, length);
    else
      this.readHeads({
        bytes: length === bytes.length ? bytes : bytes.subarray(0, length),
        start: 0,
        reused,
      });
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
      piece = { bytes: this.head.bytes, start: this.head.end, reused };
      if (head.status >= 200 || head.status === 101) {
        this.beginResponse(head, piece);
        return;
      }
      this.noteInterim(head);
      if (piece.start === piece.bytes.length) return;
    }
  }

  /** Undefined when the head is not complete, or at fault. */
  private readHead(piece: Piece): Http1ResponseHead | undefined {
    const progress = this.head.read(piece.bytes, piece.start, piece.reused);
    if (progress === 'partial') return undefined;
    if (progress !== 'complete') {
      this.fault(progress === 'bare-lf' ? 'upstream.head.malformed' : 'upstream.head.too-large', progress);
      return undefined;
    }
    const head = parseResponseHead(
      this.head.bytes,
      { start: this.head.start, end: this.head.end },
      this.method,
    );
    if (!(head instanceof HeadFault)) return head;
    this.fault(head.cause, head.rule);
    return undefined;
  }

  private noteInterim(head: Http1ResponseHead): void {
    this.interimCount += 1;
    if (this.interimCount > MAX_INTERIM) this.fault('upstream.head.malformed', 'interim-count');
    else this.events.onInterim(head);
  }

  private beginResponse(head: Http1ResponseHead, piece: Piece): void {
    const { bytes, start } = piece;
    this.head.reset();
    if (head.status === 101) {
      this.open = false;
      this.events.onSwitch(head, start < bytes.length ? bytes.subarray(start) : undefined);
      return;
    }
    this.events.onFinalHead(head);
    const decoder = new BodyDecoder(head.framing, head.contentLength);
    const next = decoder.done ? start : decoder.decode(bytes, start, bytes.length);
    if (decoder.fault !== '') this.fault(bodyFaultCause('upstream', decoder.fault), decoder.fault);
    else if (decoder.done) this.deliverWhole(head, decoder, bytes, next);
    else this.beginStream(head, decoder, piece);
  }

  private deliverWhole(head: Http1ResponseHead, decoder: BodyDecoder, bytes: Buffer, next: number): void {
    this.open = false;
    const whole = bytes.subarray(decoder.dataStart, decoder.dataEnd);
    const body: Body =
      head.framing === 'none' ? NO_BODY : { kind: 'complete', bytes: whole, trailers: decoder.trailers };
    this.events.onWholeResponse(head, body, next < bytes.length);
  }

  private beginStream(head: Http1ResponseHead, decoder: BodyDecoder, piece: Piece): void {
    const body = new IncomingBody(this.events);
    // Its failure reaches the observer as well; the stream may have no reader at that moment.
    body.on('error', ignoreReported);
    this.decoder = decoder;
    this.body = body;
    this.feed(decoder, piece);
    this.events.onStreamingResponse(head, body);
  }

  private readBody(decoder: BodyDecoder, piece: Piece, end: number): void {
    if (this.body === undefined) return;
    const next = decoder.decode(piece.bytes, piece.start, end);
    if (decoder.fault !== '') {
      this.fault(bodyFaultCause('upstream', decoder.fault), decoder.fault);
      return;
    }
    this.events.onBodyBytes();
    this.feed(decoder, piece);
    if (decoder.done) this.endBody(decoder, next < end);
  }

  private feed(decoder: BodyDecoder, piece: Piece): void {
    if (decoder.dataEnd === decoder.dataStart) return;
    const data = piece.bytes.subarray(decoder.dataStart, decoder.dataEnd);
    this.body?.feed(piece.reused ? this.kept(data) : data);
  }

  /** Data that outlives this read: copied out of the shared buffer once, then every read has a buffer of its own. */
  private kept(data: Buffer): Buffer {
    this.nextBuffer = takeReadBuffer();
    return data.buffer === SHARED_READ_BUFFER.buffer ? Buffer.from(data) : data;
  }

  private endBody(decoder: BodyDecoder, excess: boolean): void {
    const { body } = this;
    this.open = false;
    this.body = undefined;
    this.decoder = undefined;
    giveReadBuffer(this.nextBuffer);
    this.nextBuffer = SHARED_READ_BUFFER;
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
