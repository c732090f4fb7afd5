import type { ClientSessionOptions } from 'node:http2';
import type { UpstreamHttp2Config } from '../../contracts/config.js';
import { RESPONSE_SECTION_LIMITS } from '../codec/http2/response-parser.js';

/** Owns what a connection to an HTTP/2 endpoint is told, and what nghttp2 takes from it. */

/** Up to here a head that is too large is told from others that are at fault; beyond it nghttp2 resets the stream. */
const HEAD_MARGIN = 2;
/** RFC 9113 section 6.5.2 counts 32 bytes more for each field. */
const FIELD_OVERHEAD = 32;
/** Request heads are bounded by the listener and by what filters add; this is above it, so that none ends a connection. */
const MAX_REQUEST_HEAD_BYTES = 256 * 1024;

export function clientOptionsOf(http2: UpstreamHttp2Config): ClientSessionOptions {
  const { headBytes, headerCount } = RESPONSE_SECTION_LIMITS;
  return {
    maxHeaderListPairs: headerCount * HEAD_MARGIN,
    maxSendHeaderBlockLength: MAX_REQUEST_HEAD_BYTES,
    settings: {
      enablePush: false,
      initialWindowSize: http2.streamWindowBytes,
      maxHeaderListSize: HEAD_MARGIN * headBytes + FIELD_OVERHEAD * headerCount,
    },
  };
}
