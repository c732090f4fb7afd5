import type { Filter } from '../contracts/filter.js';
import type { BodyRules } from '../contracts/router.js';

const DEFAULT_BODY_BUFFER_BYTES = 1024 * 1024;

/** What the filters of one route want of request bodies: the smallest limit, and who reads. Asked once a snapshot. */
export function bodyRulesOf(filters: readonly Filter[]): BodyRules {
  const readers = filters.filter((filter) => filter.onRequestBody !== undefined);
  return {
    maxBytes: Math.min(...filters.map((filter) => filter.maxRequestBytes ?? Infinity)),
    readers,
    bufferBytes: Math.min(
      ...readers.map((filter) => filter.requestBodyLimitBytes ?? DEFAULT_BODY_BUFFER_BYTES),
    ),
  };
}
