import type { StickyCookieConfig } from '../../../../../src/contracts/config.js';
import type { Exchange } from '../../../../../src/contracts/exchange.js';
import type { Balancer, Endpoint } from '../../../../../src/contracts/upstream.js';
import { StickyCookie } from '../../../../../src/proxy/upstream/balancers/sticky-cookie.js';
import { NO_ENDPOINTS, fakeEndpoint, fakeEndpoints } from '../../../../support/fake-endpoint.js';
import { fakeExchange, fakeResponse, type FakeHead } from '../../../../support/fake-exchange.js';

const CONFIG: StickyCookieConfig = {
  name: 'lb',
  ttlMs: 0,
  path: '/',
  domain: undefined,
  httpOnly: true,
  secure: 'auto',
  sameSite: 'lax',
  secret: undefined,
};

const FIRST: Balancer = { pick: (endpoints) => endpoints[0] };

const sticky = (config: Partial<StickyCookieConfig> = {}, inner = FIRST, upstream = 'users'): StickyCookie =>
  new StickyCookie(inner, { ...CONFIG, ...config }, upstream);

const answeredBy = (endpoint: Endpoint, head: FakeHead = {}): Exchange => ({
  ...fakeExchange(head),
  endpoint: endpoint.label,
});

/** What the client is told, or nothing. */
const cookiesSet = (balancer: StickyCookie, exchange: Exchange): readonly string[] => {
  const response = fakeResponse();
  balancer.markResponse(exchange, response);
  return response.fields.getAll('set-cookie');
};

const pairOf = (balancer: StickyCookie, endpoint: Endpoint): string =>
  cookiesSet(balancer, answeredBy(endpoint))[0]!.split(';')[0]!;

const withCookie = (cookie: string) => fakeExchange({ fields: [['cookie', cookie]] });

describe('StickyCookie', () => {
  it('brings a client back to the endpoint that answered it', () => {
    const endpoints = fakeEndpoints(5);
    const pair = pairOf(sticky(), endpoints[3]!);
    expect(sticky().pick(endpoints, withCookie(pair))).toBe(endpoints[3]);
    expect(sticky().pick(endpoints, withCookie(`a=b; ${pair}; lbx=1`))).toBe(endpoints[3]);
    expect(sticky().pick(endpoints, withCookie('lb=unknown'))).toBe(endpoints[0]);
    expect(sticky().pick(endpoints, fakeExchange())).toBe(endpoints[0]);
  });

  it('finds it in whatever list it is given', () => {
    const endpoints = fakeEndpoints(5);
    const balancer = sticky();
    const pair = pairOf(balancer, endpoints[3]!);
    expect(balancer.pick(endpoints, withCookie(pair))).toBe(endpoints[3]);
    expect(balancer.pick(endpoints.slice(0, 3), withCookie(pair))).toBe(endpoints[0]);
    expect(balancer.pick(endpoints.slice(2), withCookie(pair))).toBe(endpoints[3]);
    expect(balancer.pick(NO_ENDPOINTS, withCookie(pair))).toBeUndefined();
  });

  it('says nothing to a client whose cookie is right, and replaces one that is not', () => {
    const [a, b] = [fakeEndpoint('10.0.0.1:80'), fakeEndpoint('10.0.0.2:80')];
    const balancer = sticky();
    const pair = pairOf(balancer, a);
    expect(cookiesSet(balancer, answeredBy(a, { fields: [['cookie', pair]] }))).toEqual([]);
    expect(cookiesSet(balancer, answeredBy(b, { fields: [['cookie', pair]] }))).toHaveLength(1);
    expect(cookiesSet(balancer, fakeExchange())).toEqual([]);
  });

  it('adds its cookie beside those of the upstream', () => {
    const response = fakeResponse(200, [['set-cookie', 'session=1']]);
    sticky().markResponse(answeredBy(fakeEndpoint('a:1')), response);
    expect(response.fields.getAll('set-cookie')).toEqual(['session=1', expect.stringMatching(/^lb=/)]);
  });

  it('does not show the address, and names an endpoint differently for another secret or upstream', () => {
    const endpoint = fakeEndpoint('10.0.0.1:9000');
    const pairs = [
      pairOf(sticky(), endpoint),
      pairOf(sticky({ secret: 'a secret of some length' }), endpoint),
      pairOf(sticky({ secret: 'another secret of that length' }), endpoint),
      pairOf(sticky({}, FIRST, 'orders'), endpoint),
    ];
    expect(new Set(pairs).size).toBe(4);
    for (const pair of pairs) {
      expect(pair).toMatch(/^lb=[\w-]{16}$/);
      expect(pair).not.toContain('9000');
    }
  });

  it('writes the attributes it was asked for', () => {
    const at = fakeEndpoint('a:1');
    const attributes = (config: Partial<StickyCookieConfig>, head: FakeHead = {}): string =>
      cookiesSet(sticky(config), answeredBy(at, head))[0]!.replace(/^lb=[\w-]+/, '');
    expect(attributes({})).toBe('; Path=/; HttpOnly; SameSite=Lax; Secure');
    expect(attributes({}, { scheme: 'http' })).toBe('; Path=/; HttpOnly; SameSite=Lax');
    expect(attributes({ secure: true, sameSite: 'none' }, { scheme: 'http' })).toBe(
      '; Path=/; HttpOnly; SameSite=None; Secure',
    );
    expect(
      attributes({
        ttlMs: 90_500,
        path: '/app',
        domain: 'example.com',
        httpOnly: false,
        secure: false,
        sameSite: 'strict',
      }),
    ).toBe('; Path=/app; Domain=example.com; Max-Age=91; SameSite=Strict');
  });

  it('passes on what the balancer inside learns from', () => {
    const told: unknown[] = [];
    const learning: Balancer = {
      pick: (endpoints) => endpoints[0],
      reportResponse: (...response) => told.push(response),
      reportFailure: (...failure) => told.push(failure),
    };
    const at = fakeEndpoint('a:1');
    const balancer = sticky({}, learning);
    balancer.reportResponse(at, 200, 5);
    balancer.reportFailure(at, 'upstream.head.reset');
    expect(told).toEqual([
      [at, 200, 5],
      [at, 'upstream.head.reset'],
    ]);
  });
});
