import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { DownstreamCloseReason } from '../../contracts/close-reason.js';
import type { DownstreamObserver, DownstreamStream } from '../../contracts/downstream.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { Fields } from '../../contracts/fields.js';
import type { Body, ResponseHead } from '../../contracts/message.js';
import { FieldBlock, fieldsOf } from '../../http/field-block.js';
import { chunkedWhole, writeWhole } from '../codec/http1/message-writer.js';
import type { BodyTarget } from '../codec/http1/outgoing-body.js';
import { OutgoingBody } from '../codec/http1/outgoing-body.js';
import type { Http1RequestHead } from '../codec/http1/request-head.js';
import type { WrittenFraming } from '../codec/http1/response-serialiser.js';
import { serialiseResponseHead } from '../codec/http1/response-serialiser.js';

/** The connection as its running stream sees it. */
export interface StreamHost extends BodyTarget {
  readonly client: ClientInfo;
  readonly mustClose: boolean;
  readonly isReceivingBody: boolean;
  readonly isBodyFaulty: boolean;
  readonly requestBodyBytes: number;
  limitRequestBody(maxBytes: number): void;
  coarseNow(): number;
  /** Breaks the connection in a way the client cannot take for the end of a response. */
  abort(reason: DownstreamCloseReason): void;
  handOver(): { readonly socket: Socket; readonly early: Buffer | undefined };
  /** The response has left: serve the next request, or close. */
  finish(keepAlive: boolean): void;
}

/** Owns the answer to one request on an HTTP/1.x connection: framing for this client, persistence, and when it is finished. */
export class Http1Stream implements DownstreamStream {
  readonly head: Http1RequestHead;
  readonly body: Body;
  /** The head of the final response was written. */
  hasResponded = false;
  private readonly connection: StreamHost;
  private observer: DownstreamObserver | undefined = undefined;
  private keepAlive: boolean;
  private written = false;
  private ended = false;
  /** A whole response did not fit into the kernel's buffer and waits for the client. */
  private awaitingDrain = false;

  constructor(connection: StreamHost, head: Http1RequestHead, body: Body) {
    this.connection = connection;
    this.head = head;
    this.body = body;
    this.keepAlive = head.keepAlive;
  }

  get client(): ClientInfo {
    return this.connection.client;
  }

  get requestBytes(): number {
    return this.body.kind === 'complete' ? this.body.bytes.length : this.connection.requestBodyBytes;
  }

  get isGone(): boolean {
    return this.ended || this.connection.socket.destroyed;
  }

  get isFaulty(): boolean {
    return this.connection.isBodyFaulty;
  }

  observe(observer: DownstreamObserver): void {
    this.observer = observer;
  }

  limitRequestBody(maxBytes: number): void {
    this.connection.limitRequestBody(maxBytes);
  }

  /** Never asked for: gRPC speaks HTTP/2. */
  relaxRequestPace(): void {
    // The pace of HTTP/1.1 bodies stays as it is configured.
  }

  sendInterim(head: ResponseHead): void {
    if (this.ended || this.hasResponded || this.head.httpVersion === '1.0') return;
    const writing = { framing: 'none', contentLength: -1, connection: '', nowMs: 0 } as const;
    this.connection.socket.write(serialiseResponseHead(head, writing), 'latin1');
  }

  sendComplete(head: ResponseHead, body: Buffer | undefined, trailers: Fields | undefined): void {
    if (this.ended) return;
    const { socket } = this.connection;
    const framing = this.framingFor(head, true);
    const headText = this.headText(head, framing, body?.length ?? 0);
    if (framing === 'none') writeWhole(socket, headText, undefined);
    else writeWhole(socket, headText, framing === 'chunked' ? chunkedWhole(body, trailers) : body);
    this.awaitingDrain = socket.writableNeedDrain;
    if (this.awaitingDrain) this.connection.onBodyBlocked(true);
    else this.onResponseWritten();
  }

  sendStreaming(head: ResponseHead, trailers: () => Fields | undefined): OutgoingBody {
    const framing = this.framingFor(head, false);
    if (framing === 'close') this.keepAlive = false;
    this.connection.socket.write(this.headText(head, framing, head.contentLength), 'latin1');
    return new OutgoingBody(this.connection, {
      chunked: framing === 'chunked',
      trailers: () => blockOf(trailers()),
    });
  }

  switchProtocols(head: ResponseHead): Duplex {
    this.hasResponded = true;
    this.ended = true;
    const { socket, early } = this.connection.handOver();
    // After CONNECT it is a 2xx, and nothing was switched.
    const connection = head.status === 101 ? 'upgrade' : '';
    const writing = {
      framing: 'none',
      contentLength: -1,
      connection,
      nowMs: this.connection.coarseNow(),
    } as const;
    socket.write(serialiseResponseHead(head, writing), 'latin1');
    if (early !== undefined) socket.unshift(early);
    return socket;
  }

  abort(): void {
    this.ended = true;
    this.connection.abort('aborted');
  }

  discardRequestBody(): void {
    if (this.body.kind === 'stream' && this.connection.isReceivingBody) this.body.stream.destroy();
  }

  /** The kernel has all of the response, or will take it without being waited for. */
  onResponseWritten(): void {
    if (this.ended || this.written) return;
    this.written = true;
    this.ended = true;
    this.observer?.onDownstreamFinished();
    this.connection.finish(this.keepAlive);
  }

  /** The socket's buffer is empty again: a whole response that did not fit has left. */
  onDrained(): void {
    if (this.awaitingDrain) this.onResponseWritten();
  }

  fail(cause: Cause, detail: string | undefined): void {
    if (this.ended) return;
    this.observer?.onDownstreamFailure(cause, detail);
  }

  private headText(head: ResponseHead, framing: WrittenFraming, bodyLength: number): string {
    this.hasResponded = true;
    if (this.connection.mustClose) this.keepAlive = false;
    const contentLength = framing === 'length' ? bodyLength : framing === 'none' ? head.contentLength : -1;
    const nowMs = this.connection.coarseNow();
    return serialiseResponseHead(head, {
      framing,
      contentLength,
      connection: this.connectionOption(),
      nowMs,
    });
  }

  private connectionOption(): '' | 'close' | 'keep-alive' {
    if (!this.keepAlive) return 'close';
    return this.head.httpVersion === '1.0' ? 'keep-alive' : '';
  }

  /** RFC 9112 section 6.3: a client of HTTP/1.0 knows no chunked coding; its end is the end of the connection. */
  private framingFor(head: ResponseHead, isWhole: boolean): WrittenFraming {
    if (head.framing === 'none' || this.head.method === 'HEAD') return 'none';
    if (head.framing === 'length') return 'length';
    if (this.head.httpVersion === '1.0') return isWhole ? 'length' : 'close';
    return 'chunked';
  }
}

function blockOf(fields: Fields | undefined): FieldBlock | undefined {
  return fields === undefined || fields instanceof FieldBlock ? fields : fieldsOf(fields.entries());
}
