import type { Cause } from '../../../src/contracts/cause.js';
import { CAUSES } from '../../../src/errors/causes.js';
import { proxyErrorOf } from '../../../src/errors/proxy-errors.js';
import { proxyStatusOf } from '../../../src/http/proxy-status.js';

const ANSWERED = (Object.keys(CAUSES) as Cause[]).filter((cause) => CAUSES[cause].status >= 400);

describe('the error types of RFC 9209', () => {
  it.each<[Cause, string]>([
    ['upstream.connect.refused', 'connection_refused'],
    ['upstream.connect.failed', 'destination_unavailable'],
    ['upstream.connect.unresolved', 'dns_error'],
    ['upstream.pick.none-available', 'destination_unavailable'],
    ['upstream.limit.adaptive', 'connection_limit_reached'],
    ['upstream.tls.failed', 'tls_protocol_error'],
    ['upstream.head.timeout', 'http_response_timeout'],
    ['upstream.body.closed', 'http_response_incomplete'],
    ['downstream.route.not-found', 'destination_not_found'],
    ['downstream.filter.unauthenticated', 'http_request_denied'],
    ['downstream.head.malformed', 'http_request_error'],
    ['internal.filter.failed', 'proxy_internal_error'],
    ['internal.overload.shed', 'proxy_internal_response'],
  ])('%s is %s', (cause, error) => {
    expect(proxyErrorOf(cause)).toBe(error);
  });

  it('leave none of the causes of Torus itself to an upstream, and none of an upstream to Torus', () => {
    for (const cause of ANSWERED) {
      const isInternal = proxyErrorOf(cause).startsWith('proxy_internal_');
      expect([cause, isInternal]).toEqual([cause, CAUSES[cause].side === 'internal']);
    }
  });

  it('stand in a structured field with the cause', () => {
    for (const cause of ANSWERED)
      expect(proxyStatusOf(cause, '')).toMatch(/^torus;error=[a-z_]+;details="[a-z.-]+"$/);
  });
});
