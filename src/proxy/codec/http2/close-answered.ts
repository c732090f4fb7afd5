import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';

/** Owns the end of a stream whose request was answered in full before it had come in full. */

/**
 * RFC 9113 section 8.1: RST_STREAM with NO_ERROR says that the rest is not needed. After the turn: Node 26 drops an answer that
 * it has not sent yet, and what came with the head may be the rest.
 */
export function closeAnswered(stream: ServerHttp2Stream): void {
  setImmediate(() => {
    if (!stream.destroyed && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}
