import type { Readable } from 'node:stream';
import type { Fields } from './fields.js';

/** How the end of a body is known (RFC 9112 section 6). `close` exists for responses only. */
export type BodyFraming = 'none' | 'length' | 'chunked' | 'close';

export type HttpVersion = '1.0' | '1.1' | '2';

/** A parsed and validated request head. All of it comes from the client: well formed, but not trusted. */
export interface RequestHead {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** `host[:port]` as sent, validated; empty only for HTTP/1.0 without Host. */
  readonly authority: string;
  /** Lower-case host without port and final dot: what routes match. */
  readonly host: string;
  /** Normalised path, begins with `/` (or is `*` for OPTIONS): the same bytes are routed and forwarded. */
  readonly path: string;
  /** `?...` as sent, or empty. */
  readonly query: string;
  readonly httpVersion: HttpVersion;
  readonly fields: Fields;
  readonly framing: Exclude<BodyFraming, 'close'>;
  /** Body length when `framing` is `length`, else 0. */
  readonly contentLength: number;
  /** The client waits for 100 (Continue) before it sends the body. */
  readonly expectsContinue: boolean;
  /** Lower-case protocol of a well-formed upgrade request, else undefined. */
  readonly upgrade: string | undefined;
  /**
   * The request asks for a tunnel by CONNECT. `extended`: to the protocol in `upgrade`, over HTTP/2 (RFC 8441); its method is GET
   * to everybody behind the codec. `tcp`: of bare bytes to `authority` (RFC 9110 section 9.3.6); its path is `/`.
   */
  readonly connect?: 'extended' | 'tcp' | undefined;
}

/** What a request asks for, as logs say it. */
export type AskedFor = Pick<RequestHead, 'method' | 'host' | 'path' | 'query' | 'httpVersion'>;

/** A parsed and validated response head, as the upstream sent it or as Torus made it. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly framing: BodyFraming;
  readonly contentLength: number;
}

/**
 * A body. `complete` holds every byte already (valid only during the call that hands it over, unless the receiver copies);
 * `stream` delivers the rest as it arrives, under backpressure, and errors if the sender breaks off.
 */
export type Body =
  | { readonly kind: 'none' }
  | { readonly kind: 'complete'; readonly bytes: Buffer; readonly trailers: Fields | undefined }
  | { readonly kind: 'stream'; readonly stream: BodyStream };

/** A body that arrives over time. `trailers` is set, if there are any, before `end` is emitted. */
export interface BodyStream extends Readable {
  /** What has arrived and was not taken, where more of it waits than `readableLength` says. */
  readonly waitingBytes?: number | undefined;
  readonly trailers: Fields | undefined;
}
