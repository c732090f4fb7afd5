/** Owns the policy "no request body longer than this": at once by Content-Length, else while the body streams. */
import type { BodyLimitOptions } from '../../../contracts/config.js';
import type { Exchange } from '../../../contracts/exchange.js';
import type { FilterExplanation } from '../../../contracts/explanation.js';
import type { FilterFactory, LocalReply } from '../../../contracts/filter.js';

export const bodyLimitFactory: FilterFactory<BodyLimitOptions> = {
  name: 'body-limit',
  create({ maxBytes }) {
    const tooLarge: LocalReply = {
      status: 413,
      cause: 'downstream.filter.too-large',
      detail: `The request body may hold at most ${maxBytes} bytes.`,
    };
    const judge = ({ request }: Exchange): LocalReply | undefined =>
      request.contentLength > maxBytes ? tooLarge : undefined;
    return {
      name: 'body-limit',
      maxRequestBytes: maxBytes,
      onRequest: judge,
      explain: (exchange) => explain(exchange, maxBytes, judge(exchange)),
    };
  },
};

function explain({ request }: Exchange, maxBytes: number, reply: LocalReply | undefined): FilterExplanation {
  const details = { maxBytes };
  if (reply !== undefined) {
    const why = `Content-Length is ${String(request.contentLength)}, and at most ${String(maxBytes)} bytes may come`;
    return { verdict: 'answers', why, status: reply.status, cause: reply.cause, details };
  }
  if (request.framing === 'none') return { verdict: 'continues', why: 'it has no body', details };
  if (request.framing === 'chunked') {
    const why = `it depends on the body: ${String(maxBytes)} bytes may come, more are answered 413`;
    return { verdict: 'depends', why, details };
  }
  const why = `Content-Length is ${String(request.contentLength)} of at most ${String(maxBytes)} bytes`;
  return { verdict: 'continues', why, details };
}
