import { constants } from 'node:http2';
import type { AttemptFailure } from '../../contracts/upstream.js';
import { bodyFailure, finalFailure, safeFailure, waitFailure } from './attempt-failure.js';

/** Owns the translation of an HTTP/2 stream's end into causes: by its code, and by what became of its connection. */

export interface StreamEnd {
  /** Of RST_STREAM, or what Node makes of the end of a connection. */
  readonly code: number;
  /** The response head had come. */
  readonly responded: boolean;
  /** The connection had served another exchange before. */
  readonly reused: boolean;
  /** Its number is above the last one that GOAWAY says was taken. */
  readonly unprocessed: boolean;
  /** Why the connection is lost; undefined when it was the stream alone. */
  readonly lost: string | undefined;
}

const { NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

export function streamFailure(end: StreamEnd): AttemptFailure {
  if (!end.responded && isRefused(end)) return refusedFailure(end.lost ?? 'refused-stream');
  if (end.lost !== undefined) return lossFailure(end, end.lost);
  if (end.code === NGHTTP2_PROTOCOL_ERROR) return malformed(end, 'protocol-error');
  const detail = end.code === NGHTTP2_NO_ERROR ? 'closed' : `rst-${String(end.code)}`;
  return end.responded ? bodyFailure(detail) : waitFailure(detail, false);
}

/** RFC 9113 section 8.7: nothing was done with it, so that even what is not idempotent may be sent again. */
export function refusedFailure(detail: string): AttemptFailure {
  return safeFailure('upstream.head.refused', detail);
}

function isRefused({ code, unprocessed }: StreamEnd): boolean {
  return unprocessed || code === NGHTTP2_REFUSED_STREAM;
}

function lossFailure(end: StreamEnd, lost: string): AttemptFailure {
  if (lost === PROTOCOL_FAULT) return malformed(end, lost);
  if (lost === PING_TIMEOUT)
    return {
      cause: end.responded ? 'upstream.body.timeout' : 'upstream.head.timeout',
      detail: lost,
      retry: !end.responded && end.reused ? 'stale' : 'no',
    };
  return end.responded ? bodyFailure(lost) : waitFailure(lost, end.reused);
}

function malformed({ responded }: StreamEnd, rule: string): AttemptFailure {
  return finalFailure(responded ? 'upstream.body.malformed' : 'upstream.head.malformed', rule);
}

/** The endpoint broke the protocol in a way that ends the connection. */
export const PROTOCOL_FAULT = 'connection-error';
/** The connection gave no sign of life when it was asked for one. */
export const PING_TIMEOUT = 'ping-timeout';
