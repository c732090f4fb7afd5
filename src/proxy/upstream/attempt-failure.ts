import type { Cause } from '../../contracts/cause.js';
import type { AttemptFailure } from '../../contracts/upstream.js';

/** Owns the translation of socket errors into causes: by code, never by message. */

const CONNECT_CAUSES: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'upstream.connect.refused',
  ENOTFOUND: 'upstream.connect.unresolved',
  EAI_AGAIN: 'upstream.connect.unresolved',
  EAI_FAIL: 'upstream.connect.unresolved',
  ETIMEDOUT: 'upstream.connect.timeout',
  // No fault of the endpoint: it was never asked.
  EMFILE: 'internal.overload.descriptors',
  ENFILE: 'internal.overload.descriptors',
};

/** `inTls`: TCP was up when it failed, so the handshake is to blame. */
export function connectFailure(error: NodeJS.ErrnoException, inTls: boolean): AttemptFailure {
  const code = codeOf(error);
  const cause = inTls ? 'upstream.tls.failed' : (CONNECT_CAUSES[code] ?? 'upstream.connect.failed');
  return { cause, detail: code, retry: 'safe' };
}

/** A connection broke before any byte of the response. On a reused one that is nobody's fault (RFC 9112 section 9.3.1). */
export function waitFailure(detail: string, reused: boolean): AttemptFailure {
  const cause = detail === 'closed' ? 'upstream.head.closed' : 'upstream.head.reset';
  return { cause, detail, retry: reused ? 'stale' : 'no' };
}

export function bodyFailure(detail: string): AttemptFailure {
  return { cause: detail === 'closed' ? 'upstream.body.closed' : 'upstream.body.reset', detail, retry: 'no' };
}

export function finalFailure(cause: Cause, detail: string | undefined): AttemptFailure {
  return { cause, detail, retry: 'no' };
}

export function safeFailure(cause: Cause, detail: string | undefined): AttemptFailure {
  return { cause, detail, retry: 'safe' };
}

/** With several addresses Node reports all failures in one AggregateError that carries the code of the last. */
export function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? 'error';
}
