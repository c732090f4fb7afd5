import type { Cause } from '../../contracts/cause.js';
import type { AskedFor, Body } from '../../contracts/message.js';
import { CR, LF } from '../../http/characters.js';
import { BodyDecoder, bodyFaultCause } from '../codec/http1/body-decoder.js';
import { BodyIntake } from '../codec/http1/body-intake.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import type { HeadProgress, Piece } from '../codec/http1/head-reader.js';
import { HeadReader } from '../codec/http1/head-reader.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import type { Http1RequestHead, RequestHeadLimits } from '../codec/http1/request-head.js';
import { parseRequestHead } from '../codec/http1/request-head.js';
import type { SocketReader } from '../codec/read-buffers.js';

/**
 * Owns the reading of requests out of the bytes of one client connection: blank lines, heads, bodies. It hands out one
 * request at a time; what the client has sent ahead waits here, bounded.
 */

/** Bytes of later requests that wait for the running one. Beyond it the socket is not read. */
const MAX_WAITING_BYTES = 64 * 1024;
/** Blank lines before a request line that are overlooked (RFC 9112 section 2.2 asks for one). */
const MAX_LEADING_BYTES = 8;

export const PROGRESS_CAUSES: Readonly<Record<Exclude<HeadProgress, 'complete' | 'partial'>, Cause>> = {
  'too-large': 'downstream.head.too-large',
  'line-too-long': 'downstream.head.target-too-long',
  'bare-lf': 'downstream.head.malformed',
};

/** What the connection is told. Any of these may end the reading by `close`. */
export interface RequestEvents extends BodySource {
  /** The first bytes of a head are here, its end is not. */
  onHeadBegun(): void;
  /**
   * The next request is handed out only after `next`. A streamed body has its first bytes already, or none where they are at
   * fault: then `onBodyFault` follows.
   */
  onRequest(head: Http1RequestHead, body: Body): void;
  /** So many bytes of a streamed body came; more are to come. */
  onBodyBytes(count: number): void;
  /** The last byte of a streamed body is in its stream, which has not been told of its end yet. */
  onBodyEnd(): void;
  /** So much was sent ahead that no more may be read until `next`. */
  onFull(): void;
  /** Nothing that follows can be trusted. No request was handed out. */
  /** `asked` where the head could be read. */
  onRefused(cause: Cause, rule: string, asked?: AskedFor): void;
  /** The body of the running request is at fault. */
  onBodyFault(cause: Cause, rule: string | undefined): void;
}

export interface RequestReaderOptions {
  readonly scheme: 'http' | 'https';
  readonly limits: RequestHeadLimits & { readonly headBytes: number };
}

export class RequestReader implements SocketReader {
  /** Bytes of the running request's streamed body so far. */
  bodyBytes = 0;
  private readonly events: RequestEvents;
  private readonly options: RequestReaderOptions;
  private readonly head: HeadReader;
  private readonly intake: BodyIntake;
  private decoder: BodyDecoder | undefined = undefined;
  private maxBodyBytes = Infinity;
  /** A request was handed out and is not over. */
  private busy = false;
  private waiting: Buffer | undefined = undefined;
  private leadingBytes = 0;
  private advancing = false;
  private open = true;

  constructor(events: RequestEvents, options: RequestReaderOptions) {
    const { requestLineBytes: lineBytes, headBytes } = options.limits;
    this.events = events;
    this.options = options;
    this.head = new HeadReader({ lineBytes, headBytes });
    this.intake = new BodyIntake(options.scheme === 'https');
  }

  /** Bytes of an unfinished head are held. */
  get isInHead(): boolean {
    return this.head.isPartial;
  }

  /** The body of the running request has not fully arrived. */
  get isInBody(): boolean {
    return this.decoder !== undefined;
  }

  /** What has arrived of that body is at fault. */
  get isFaulty(): boolean {
    return this.decoder !== undefined && this.decoder.fault !== '';
  }

  nextBuffer(): Buffer {
    return this.intake.buffer;
  }

  onRead(bytes: Buffer, length: number, reused: boolean): void {
    if (!this.open) return;
    const piece = { bytes, start: 0, end: length, reused };
    if (this.decoder !== undefined) this.readBody(this.decoder, piece);
    else if (this.busy) this.hold(piece);
    else this.readHeads(piece);
  }

  /** The running request is over: the next one may be handed out. */
  next(): void {
    this.busy = false;
    this.readWaiting();
  }

  /** A streamed body that grows past this is at fault. */
  limitBody(maxBytes: number): void {
    this.maxBodyBytes = maxBytes;
  }

  /** Nobody reads the body any more: what still arrives of it is dropped. */
  dropBody(): void {
    this.intake.drop();
  }

  /** The body broke off: its reader gets an error, never an end. */
  breakBody(error: Error): void {
    this.intake.drop()?.fail(error);
  }

  /** The rest of a head will never come. */
  dropHead(): void {
    this.head.reset();
  }

  /** Reads no further, and gives up the bytes that wait. Returns them. */
  close(): Buffer | undefined {
    const { waiting } = this;
    this.open = false;
    this.waiting = undefined;
    this.decoder = undefined;
    this.intake.drop()?.destroy();
    return waiting;
  }

  // ---- heads ---------------------------------------------------------------------------------------------------------

  private hold(piece: Piece): void {
    const bytes = ownBytes(piece, piece.start, piece.end);
    this.waiting = this.waiting === undefined ? bytes : Buffer.concat([this.waiting, bytes]);
    if (this.waiting.length >= MAX_WAITING_BYTES) this.events.onFull();
  }

  private readHeads(piece: Piece): void {
    this.advancing = true;
    this.readHead(piece);
    this.advancing = false;
    this.readWaiting();
  }

  /** A loop, so that pipelined requests that are answered at once need no stack. */
  private readWaiting(): void {
    if (this.advancing) return;
    this.advancing = true;
    while (this.waiting !== undefined && !this.busy && this.open) {
      const bytes = this.waiting;
      this.waiting = undefined;
      this.readHead({ bytes, start: 0, end: bytes.length, reused: false });
    }
    this.advancing = false;
  }

  private readHead(read: Piece): void {
    const start = this.skipBlankLines(read);
    if (start < 0) {
      this.events.onRefused('downstream.head.malformed', 'blank-lines');
      return;
    }
    if (start === read.end) return;
    const isBeginning = !this.head.isPartial;
    const piece = start === 0 ? read : { ...read, start };
    const progress = this.head.read(piece);
    if (progress === 'complete') this.parseHead(piece);
    else if (progress !== 'partial') this.events.onRefused(PROGRESS_CAUSES[progress], progress);
    else if (isBeginning) this.events.onHeadBegun();
  }

  /** The place of the request line, or -1 when more blank lines came than are overlooked. */
  private skipBlankLines({ bytes, start, end }: Piece): number {
    let at = start;
    if (this.head.isPartial) {
      if (!this.head.isLoneCr || bytes[at] !== LF) return at;
      // A blank line whose CR came in the read before.
      this.head.reset();
      this.leadingBytes += 1;
      at += 1;
    }
    while (at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
    this.leadingBytes += at - start;
    return this.leadingBytes > MAX_LEADING_BYTES ? -1 : at;
  }

  private parseHead(piece: Piece): void {
    const { scheme, limits } = this.options;
    const { bytes, end, bytesEnd } = this.head;
    const head = parseRequestHead(bytes, this.head, scheme, limits);
    // A head put together from several reads stands in a buffer of its own.
    const reused = piece.reused && bytes === piece.bytes;
    this.head.reset();
    if (head instanceof HeadFault) this.events.onRefused(head.cause, head.rule, head.asked);
    else this.begin(head, { bytes, start: end, end: bytesEnd, reused });
  }

  // ---- bodies --------------------------------------------------------------------------------------------------------

  private begin(head: Http1RequestHead, rest: Piece): void {
    this.leadingBytes = 0;
    if (head.framing === 'none') this.handOut(head, NO_BODY, rest);
    else this.beginBody(head, rest);
  }

  private beginBody(head: Http1RequestHead, rest: Piece): void {
    const decoder = new BodyDecoder(head.framing, head.contentLength);
    const next = decoder.done ? rest.start : decoder.decode(rest.bytes, rest.start, rest.end);
    if (decoder.fault !== '' || !decoder.done) this.beginStream(head, decoder, rest);
    else {
      // Copied, because a request may wait for a filter or a connection longer than the buffer lasts.
      const bytes = ownBytes(rest, decoder.dataStart, decoder.dataEnd);
      this.handOut(head, { kind: 'complete', bytes, trailers: decoder.trailers }, { ...rest, start: next });
    }
  }

  /** Hands out a request that is here in full; what came behind it waits. */
  private handOut(head: Http1RequestHead, body: Body, rest: Piece): void {
    this.busy = true;
    this.bodyBytes = 0;
    if (rest.start < rest.end) this.waiting = ownBytes(rest, rest.start, rest.end);
    this.events.onRequest(head, body);
  }

  private beginStream(head: Http1RequestHead, decoder: BodyDecoder, rest: Piece): void {
    const stream = new IncomingBody(this.events);
    // The reader of the body may be torn down before anybody looks at it; its error is reported through the observer.
    stream.on('error', ignoreReported);
    this.busy = true;
    this.decoder = decoder;
    this.intake.begin(stream);
    this.bodyBytes = decoder.decodedBytes;
    this.maxBodyBytes = Infinity;
    if (decoder.fault === '') this.feed(decoder, rest);
    this.events.onRequest(head, { kind: 'stream', stream });
    // Unless the head alone was answered, which has ended the reading.
    if (decoder.fault !== '' && this.decoder === decoder) this.tellFault(decoder.fault);
  }

  private tellFault(fault: string): void {
    this.events.onBodyFault(bodyFaultCause('downstream', fault), fault);
  }

  private readBody(decoder: BodyDecoder, piece: Piece): void {
    const next = decoder.decode(piece.bytes, piece.start, piece.end);
    this.bodyBytes = decoder.decodedBytes;
    if (decoder.fault !== '') this.tellFault(decoder.fault);
    else if (this.bodyBytes > this.maxBodyBytes)
      this.events.onBodyFault('downstream.filter.too-large', undefined);
    else {
      if (!decoder.done) this.events.onBodyBytes(decoder.dataEnd - decoder.dataStart);
      this.feed(decoder, piece);
      if (decoder.done) this.endBody(decoder, { ...piece, start: next });
    }
  }

  private feed(decoder: BodyDecoder, { bytes, reused }: Piece): void {
    this.intake.take(bytes.subarray(decoder.dataStart, decoder.dataEnd), reused);
  }

  private endBody(decoder: BodyDecoder, rest: Piece): void {
    this.decoder = undefined;
    if (rest.start < rest.end) this.hold(rest);
    const body = this.intake.finish();
    this.events.onBodyEnd();
    body?.complete(decoder.trailers);
  }
}

const NO_BODY: Body = { kind: 'none' };

/** The bytes from `start` to `end` of what was read, to keep. */
function ownBytes({ bytes, reused }: Piece, start: number, end: number): Buffer {
  const wanted = bytes.subarray(start, end);
  return reused ? Buffer.from(wanted) : wanted;
}

function ignoreReported(): void {
  // The connection told the exchange already, with the cause.
}
