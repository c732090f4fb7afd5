import type { Cause } from '../contracts/cause.js';

/** Owns the error type of RFC 9209 section 2.3 that stands for each cause in Proxy-Status. The cause itself says more. */

export type ProxyError =
  | 'connection_limit_reached'
  | 'connection_read_timeout'
  | 'connection_refused'
  | 'connection_terminated'
  | 'connection_timeout'
  | 'connection_write_timeout'
  | 'destination_not_found'
  | 'destination_unavailable'
  | 'dns_error'
  | 'http_protocol_error'
  | 'http_request_denied'
  | 'http_request_error'
  | 'http_response_header_section_size'
  | 'http_response_incomplete'
  | 'http_response_timeout'
  | 'http_upgrade_failed'
  | 'proxy_internal_error'
  | 'proxy_internal_response'
  | 'proxy_loop_detected'
  | 'tls_protocol_error';

/** The first prefix that fits decides. */
const BY_PREFIX: readonly (readonly [prefix: string, error: ProxyError])[] = [
  ['downstream.route.not-found', 'destination_not_found'],
  ['downstream.route.loop', 'proxy_loop_detected'],
  ['downstream.route.ambiguous-path', 'http_request_error'],
  ['downstream.route.', 'http_request_denied'],
  ['downstream.filter.', 'http_request_denied'],
  ['downstream.', 'http_request_error'],
  ['upstream.queue.', 'connection_limit_reached'],
  ['upstream.limit.', 'connection_limit_reached'],
  ['upstream.connect.refused', 'connection_refused'],
  ['upstream.connect.timeout', 'connection_timeout'],
  ['upstream.connect.unresolved', 'dns_error'],
  ['upstream.tls.timeout', 'connection_timeout'],
  ['upstream.tls.', 'tls_protocol_error'],
  ['upstream.request.timeout', 'connection_write_timeout'],
  ['upstream.request.', 'connection_terminated'],
  ['upstream.head.closed', 'connection_terminated'],
  ['upstream.head.reset', 'connection_terminated'],
  ['upstream.head.malformed', 'http_protocol_error'],
  ['upstream.head.too-large', 'http_response_header_section_size'],
  ['upstream.head.timeout', 'http_response_timeout'],
  ['upstream.attempt.timeout', 'http_response_timeout'],
  ['upstream.exchange.timeout', 'http_response_timeout'],
  ['upstream.upgrade.', 'http_upgrade_failed'],
  ['upstream.body.timeout', 'connection_read_timeout'],
  ['upstream.body.malformed', 'http_protocol_error'],
  ['upstream.body.overhead', 'http_protocol_error'],
  ['upstream.body.', 'http_response_incomplete'],
  ['upstream.', 'destination_unavailable'],
  // Nothing went wrong inside: the answer was chosen, and no endpoint was asked.
  ['internal.overload.', 'proxy_internal_response'],
  ['internal.', 'proxy_internal_error'],
];

export function proxyErrorOf(cause: Cause): ProxyError {
  return BY_PREFIX.find(([prefix]) => cause.startsWith(prefix))?.[1] ?? 'proxy_internal_error';
}
