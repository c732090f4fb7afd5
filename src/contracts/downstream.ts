import type { Writable, Duplex } from 'node:stream';
import type { Cause } from './cause.js';
import type { ByteCounter, ClientInfo } from './exchange.js';
import type { WatchedSink } from './flow.js';
import type { Fields } from './fields.js';
import type { Body, RequestHead, ResponseHead } from './message.js';

/**
 * One request as a downstream codec delivers it, and the only way to answer it. HTTP/1.1 and HTTP/2 both implement it,
 * so nothing behind it knows which one it serves.
 */
export interface DownstreamStream {
  readonly head: RequestHead;
  readonly client: ClientInfo;
  readonly body: Body;
  /** Body bytes that have arrived so far, after transfer coding. */
  readonly requestBytes: number;
  /** Nothing can be sent to the client any more. */
  readonly isGone: boolean;
  /** Its body is at fault already, and `onDownstreamFailure` about to say so: nothing of it may go upstream. */
  readonly isFaulty?: boolean;
  /** A streamed body that grows past this ends the exchange with `downstream.filter.too-large`. */
  limitRequestBody(maxBytes: number): void;
  /** The request may pause for long: from here on the silence of both sides together is watched by the upstream connection. */
  relaxRequestPace(): void;
  /** Told of everything that happens to the client until the exchange has ended. */
  observe(observer: DownstreamObserver): void;
  /** 1xx other than 101. Not sent to HTTP/1.0 clients. */
  sendInterim(head: ResponseHead): void;
  /** The whole response in one write. `body` is copied: it may be reused when the call returns. */
  sendComplete(head: ResponseHead, body: Buffer | undefined, trailers: Fields | undefined): void;
  /** Writes the head and opens the body. Ending the stream ends the response; destroying it breaks the connection. */
  sendStreaming(head: ResponseHead, trailers: () => Fields | undefined): Writable & ByteCounter & WatchedSink;
  /** Writes the 101, or the 2xx after CONNECT, and gives up what comes behind it as a raw duplex; early bytes come first. */
  switchProtocols(head: ResponseHead): Duplex;
  /** Breaks the connection so that an unfinished response cannot be taken for a complete one. */
  abort(): void;
  /** Reads and drops what is left of the request body, or makes the connection close after the response. */
  discardRequestBody(): void;
}

export interface DownstreamObserver {
  /** The client is gone, broke the framing of its body, or stalled past a limit. The exchange must end. */
  onDownstreamFailure(cause: Cause, detail: string | undefined): void;
  /** The response was handed to the kernel in full. Called once, and nothing after it. */
  onDownstreamFinished(): void;
}

/** Takes each request from the listener. Must not throw. */
export type RequestHandler = (stream: DownstreamStream) => void;
