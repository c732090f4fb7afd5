import { createHmac } from 'node:crypto';
import type { Cause } from '../../../contracts/cause.js';
import type { StickyCookieConfig } from '../../../contracts/config.js';
import type { Exchange } from '../../../contracts/exchange.js';
import type { ResponseHead } from '../../../contracts/message.js';
import type { Balancer, CertainChoice, Endpoint } from '../../../contracts/upstream.js';
import { cookieValue } from '../../../http/cookie.js';

/**
 * Owns stickiness by a cookie around any balancer: that one chooses first, the client is told the endpoint's name in a cookie,
 * and comes back to it for as long as it may be used. Nothing is remembered here: the name is a keyed hash of the endpoint's
 * label, the same on every worker and after every start.
 */

/** 96 bits: no two endpoints of an upstream share a name. */
const NAME_LENGTH = 16;
/** Labels whose names are kept. Above any sensible number of endpoints; addresses that change for ever must not fill the memory. */
const MAX_NAMES = 10_000;

export class StickyCookie implements Balancer {
  private readonly inner: Balancer;
  private readonly config: StickyCookieConfig;
  private readonly upstream: string;
  private readonly attributes: string;
  private readonly names = new Map<string, string>();
  /** The endpoints that `byName` was made of. */
  private compiled: readonly Endpoint[] = [];
  private byName: ReadonlyMap<string, Endpoint> = new Map();

  constructor(inner: Balancer, config: StickyCookieConfig, upstream: string) {
    this.inner = inner;
    this.config = config;
    this.upstream = upstream;
    this.attributes = attributesOf(config);
  }

  pick<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): T | undefined {
    return this.asked(endpoints, exchange) ?? this.inner.pick(endpoints, exchange);
  }

  foretell<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): CertainChoice<T> | undefined {
    const endpoint = this.asked(endpoints, exchange);
    if (endpoint === undefined) return this.inner.foretell?.(endpoints, exchange);
    return { endpoint, why: `its cookie ${this.config.name} names it` };
  }

  /** The endpoint that the client's cookie names. */
  private asked<T extends Endpoint>(endpoints: readonly T[], exchange: Exchange): T | undefined {
    const named = cookieValue(exchange.request.fields, this.config.name);
    return named === undefined ? undefined : this.endpointNamed(named, endpoints);
  }

  reportResponse(endpoint: Endpoint, status: number, headMs: number): void {
    this.inner.reportResponse?.(endpoint, status, headMs);
  }

  reportFailure(endpoint: Endpoint, cause: Cause): void {
    this.inner.reportFailure?.(endpoint, cause);
  }

  /** Tells the client who answered, unless its own cookie says so already. */
  markResponse(exchange: Exchange, head: ResponseHead): void {
    if (exchange.endpoint === undefined) return;
    const name = this.nameOf(exchange.endpoint);
    if (cookieValue(exchange.request.fields, this.config.name) === name) return;
    const { secure } = this.config;
    const isSecure = secure === 'auto' ? exchange.request.scheme === 'https' : secure;
    const value = `${this.config.name}=${name}${this.attributes}${isSecure ? '; Secure' : ''}`;
    head.fields.append('set-cookie', value);
  }

  private endpointNamed<T extends Endpoint>(name: string, endpoints: readonly T[]): T | undefined {
    if (endpoints !== this.compiled) {
      this.compiled = endpoints;
      this.byName = new Map(endpoints.map((endpoint) => [this.nameOf(endpoint.label), endpoint]));
    }
    // Made of this very list.
    return this.byName.get(name) as T | undefined;
  }

  private nameOf(label: string): string {
    const known = this.names.get(label);
    if (known !== undefined) return known;
    if (this.names.size >= MAX_NAMES) this.names.clear();
    const hmac = createHmac('sha256', this.config.secret ?? 'torus');
    const name = hmac.update(`${this.upstream}\n${label}`).digest('base64url').slice(0, NAME_LENGTH);
    this.names.set(label, name);
    return name;
  }
}

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

/** All but `Secure`, which may depend on the request. RFC 6265 section 4.1. */
function attributesOf({ path, domain, ttlMs, httpOnly, sameSite }: StickyCookieConfig): string {
  return [
    `; Path=${path}`,
    domain === undefined ? '' : `; Domain=${domain}`,
    ttlMs === 0 ? '' : `; Max-Age=${String(Math.ceil(ttlMs / 1000))}`,
    httpOnly ? '; HttpOnly' : '',
    `; SameSite=${SAME_SITE[sameSite]}`,
  ].join('');
}
