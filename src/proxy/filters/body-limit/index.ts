/** Owns the policy "no request body longer than this": at once by Content-Length, else while the body streams. */
import type { BodyLimitOptions } from '../../../contracts/config.js';
import type { FilterFactory, FilterVerdict } from '../../../contracts/filter.js';

export const bodyLimitFactory: FilterFactory<BodyLimitOptions> = {
  name: 'body-limit',
  create({ maxBytes }) {
    const tooLarge: FilterVerdict = {
      status: 413,
      cause: 'downstream.filter.too-large',
      detail: `The request body may hold at most ${maxBytes} bytes.`,
    };
    return {
      name: 'body-limit',
      maxRequestBytes: maxBytes,
      onRequest: (exchange) => (exchange.request.contentLength > maxBytes ? tooLarge : undefined),
    };
  },
};
