import type { Cause, CauseSide } from '../contracts/cause.js';

/** Owns the table behind each cause: the status Torus answers with when it still can, and the problem title. */

export interface CauseInfo {
  readonly side: CauseSide;
  /** 0: nothing is answered (the client is gone, or the response had begun). */
  readonly status: number;
  readonly title: string;
}

const info = (side: CauseSide, status: number, title: string): CauseInfo => ({ side, status, title });

export const CAUSES: Readonly<Record<Cause, CauseInfo>> = {
  ok: info('none', 0, 'The exchange ended as it should'),
  'downstream.proxy-header.malformed': info('downstream', 0, 'The PROXY header is malformed'),
  'downstream.proxy-header.missing': info('downstream', 0, 'The connection began without the PROXY header'),
  'downstream.proxy-header.timeout': info('downstream', 0, 'The PROXY header took too long to arrive'),
  'downstream.head.malformed': info('downstream', 400, 'The request is malformed'),
  'downstream.head.too-large': info('downstream', 431, 'The request fields are too large'),
  'downstream.head.target-too-long': info('downstream', 414, 'The request target is too long'),
  'downstream.head.timeout': info('downstream', 408, 'The request took too long to arrive'),
  'downstream.head.version-unsupported': info('downstream', 505, 'The HTTP version is not supported'),
  'downstream.head.coding-unsupported': info('downstream', 501, 'The transfer coding is not supported'),
  'downstream.head.expectation-unsupported': info('downstream', 417, 'The expectation cannot be met'),
  'downstream.head.method-unsupported': info('downstream', 501, 'The method is not supported'),
  'downstream.head.misdirected': info('downstream', 421, 'The connection was made for another host'),
  'downstream.head.aborted': info('downstream', 0, 'The client left before its request was complete'),
  'downstream.route.not-found': info('downstream', 404, 'No route matches the request'),
  'downstream.route.method-not-allowed': info('downstream', 405, 'The method is not allowed here'),
  'downstream.route.ambiguous-path': info('downstream', 400, 'The request path is ambiguous'),
  'downstream.route.loop': info('downstream', 508, 'The request has come round in a loop'),
  'downstream.route.upgrade-refused': info('downstream', 501, 'The protocol is not spoken here'),
  'downstream.filter.unauthenticated': info('downstream', 401, 'The request is not authenticated'),
  'downstream.filter.forbidden': info('downstream', 403, 'The request is not allowed'),
  'downstream.filter.redirected': info('downstream', 308, 'The resource is elsewhere'),
  'downstream.filter.too-large': info('downstream', 413, 'The request body is too large'),
  'downstream.filter.answered': info('downstream', 200, 'A filter answered the request'),
  'downstream.body.malformed': info('downstream', 400, 'The request body is malformed'),
  'downstream.body.overhead': info('downstream', 400, 'The request body is mostly chunk framing'),
  'downstream.body.timeout': info('downstream', 408, 'The request body took too long to arrive'),
  'downstream.body.aborted': info('downstream', 0, 'The client left before its request body was complete'),
  'downstream.wait.aborted': info('downstream', 0, 'The client left while the upstream was at work'),
  'downstream.response.aborted': info('downstream', 0, 'The client left before the response was complete'),
  'downstream.response.timeout': info(
    'downstream',
    0,
    'The client took no byte of the response for too long',
  ),
  'downstream.tunnel.aborted': info('downstream', 0, 'The client broke the tunnel'),
  'upstream.pick.none-available': info('upstream', 503, 'No upstream endpoint is available'),
  'upstream.limit.exceeded': info('upstream', 503, 'The upstream has as many requests as it may have'),
  'upstream.limit.adaptive': info(
    'upstream',
    503,
    'The upstream gets slower: it has more requests than it can take',
  ),
  'upstream.queue.full': info('upstream', 503, 'The upstream has too many requests waiting'),
  'upstream.queue.timeout': info('upstream', 503, 'No place at the upstream became free in time'),
  'upstream.connect.refused': info('upstream', 502, 'The upstream refused the connection'),
  'upstream.connect.timeout': info('upstream', 504, 'The upstream did not accept the connection in time'),
  'upstream.connect.unresolved': info('upstream', 502, 'The name of the upstream does not resolve'),
  'upstream.connect.failed': info('upstream', 502, 'The connection to the upstream failed'),
  'upstream.tls.failed': info('upstream', 502, 'The TLS handshake with the upstream failed'),
  'upstream.tls.timeout': info('upstream', 504, 'The TLS handshake with the upstream took too long'),
  'upstream.request.reset': info('upstream', 502, 'The upstream broke off while the request was sent'),
  'upstream.request.timeout': info('upstream', 504, 'The upstream took nothing of the request for too long'),
  'upstream.head.closed': info('upstream', 502, 'The upstream closed the connection without a response'),
  'upstream.head.reset': info('upstream', 502, 'The upstream reset the connection without a response'),
  'upstream.head.malformed': info('upstream', 502, 'The upstream response is malformed'),
  'upstream.head.too-large': info('upstream', 502, 'The upstream response fields are too large'),
  'upstream.head.timeout': info('upstream', 504, 'The upstream did not respond in time'),
  'upstream.head.refused': info('upstream', 503, 'The upstream refused the request unprocessed'),
  'upstream.upgrade.unsupported': info('upstream', 501, 'The protocol of the upstream knows no upgrade'),
  'upstream.upgrade.invalid': info(
    'upstream',
    502,
    'The upstream switched protocols in a way nobody asked for',
  ),
  'upstream.body.closed': info('upstream', 502, 'The upstream response ended too early'),
  'upstream.body.reset': info('upstream', 502, 'The upstream reset the connection inside its response'),
  'upstream.body.malformed': info('upstream', 502, 'The upstream response body is malformed'),
  'upstream.body.overhead': info('upstream', 502, 'The upstream response body is mostly chunk framing'),
  'upstream.body.timeout': info('upstream', 504, 'The upstream fell silent inside its response'),
  'upstream.attempt.timeout': info('upstream', 504, 'The upstream did not answer an attempt in time'),
  'upstream.exchange.timeout': info('upstream', 504, 'The exchange took too long'),
  'upstream.tunnel.reset': info('upstream', 0, 'The upstream broke the tunnel'),
  'upstream.tunnel.timeout': info('upstream', 0, 'The tunnel was idle for too long'),
  'internal.filter.failed': info('internal', 500, 'A filter failed'),
  'internal.exchange.killed': info('internal', 503, 'An operator ended the exchange'),
  'internal.overload.shed': info('internal', 503, 'The gateway is overloaded'),
  'internal.overload.descriptors': info('internal', 503, 'The gateway has no file descriptor left'),
  'internal.drain.cut': info('internal', 0, 'The gateway shut down before the exchange was complete'),
};
