import type { ServerOptions } from 'node:http2';
import type { ListenerConfig } from '../../contracts/config.js';

/** Owns what an HTTP/2 connection tells its client, and what nghttp2 ends it for by itself. */

/** Up to here a head that is too large is still answered (431); what is larger is reset unread. */
const HEAD_MARGIN = 2;
/** RFC 9113 section 6.5.2 counts 32 bytes more for each field. */
const FIELD_OVERHEAD = 32;
/** Malformed requests and empty DATA frames, in the life of a connection. */
const MAX_INVALID_FRAMES = 1000;
/** Response heads are bounded by what Torus takes from an upstream; this is above it, so that none ends a connection. */
const MAX_RESPONSE_HEAD_BYTES = 256 * 1024;

export function sessionOptionsOf({ limits, http2 }: ListenerConfig): ServerOptions {
  return {
    maxHeaderListPairs: limits.headerCount * HEAD_MARGIN,
    maxSendHeaderBlockLength: MAX_RESPONSE_HEAD_BYTES,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    settings: {
      maxConcurrentStreams: http2.maxConcurrentStreams,
      initialWindowSize: http2.streamWindowBytes,
      // RFC 8441 section 3: WebSocket over HTTP/2.
      enableConnectProtocol: true,
      maxHeaderListSize: HEAD_MARGIN * limits.headBytes + FIELD_OVERHEAD * limits.headerCount,
    },
  };
}
