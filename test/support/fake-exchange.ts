/** Owns stand-ins for what a codec would deliver: fields, heads and exchanges made by hand, for tests of policies. */
import type { RouteConfig, RouteMatchConfig } from '../../src/contracts/config.js';
import type { Exchange } from '../../src/contracts/exchange.js';
import type { Fields } from '../../src/contracts/fields.js';
import type { RequestHead, ResponseHead } from '../../src/contracts/message.js';

export type FieldPairs = readonly (readonly [name: string, value: string])[];

/** Fields as a plain list. Refuses what real ones refuse: names that are no token, values with CR, LF or NUL. */
export class FakeFields implements Fields {
  private list: (readonly [string, string])[];

  constructor(pairs: FieldPairs = []) {
    this.list = pairs.map(([name, value]) => [name.toLowerCase(), value]);
  }

  get(name: string): string | undefined {
    return this.list.find(([other]) => other === name)?.[1];
  }

  getAll(name: string): readonly string[] {
    return this.list.filter(([other]) => other === name).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.list.some(([other]) => other === name);
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.append(name, value);
  }

  append(name: string, value: string): void {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) throw new TypeError(`not a field name: ${name}`);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new TypeError(`not a field value: ${name}`);
    this.list.push([name, value]);
  }

  remove(name: string): void {
    this.list = this.list.filter(([other]) => other !== name);
  }

  entries(): Iterable<readonly [name: string, value: string]> {
    return this.list;
  }
}

export type FakeHead = Partial<Omit<RequestHead, 'fields'>> & { readonly fields?: FieldPairs };

/** A GET for https://api.example.com/ unless told otherwise. */
export function fakeHead(head: FakeHead = {}): RequestHead & { readonly fields: FakeFields } {
  const { fields, ...rest } = head;
  return {
    method: 'GET',
    scheme: 'https',
    authority: rest.host ?? 'api.example.com',
    host: 'api.example.com',
    path: '/',
    query: '',
    httpVersion: '1.1',
    framing: 'none',
    contentLength: 0,
    expectsContinue: false,
    upgrade: undefined,
    ...rest,
    fields: new FakeFields(fields),
  };
}

/** An exchange in its filter phase. */
export function fakeExchange(head: FakeHead = {}, clientAddress = '203.0.113.9'): Exchange {
  return {
    id: 'exchange-1',
    request: fakeHead(head),
    phase: 'filter',
    startedAt: 0,
    route: undefined,
    identity: undefined,
    client: {
      address: clientAddress,
      peerAddress: clientAddress,
      peerPort: 40000,
      trusted: false,
      listener: 'edge',
      tls: true,
    },
    endpoint: undefined,
    upstream: undefined,
    attempts: 0,
    failedAttempts: undefined,
    reusedConnection: false,
    status: 0,
    requestBytes: 0,
    responseBytes: 0,
    connectedAfterMs: -1,
    responseHeadAfterMs: -1,
    durationMs: -1,
    cause: undefined,
    detail: undefined,
    flow: undefined,
    grpc: undefined,
  };
}

/** The fields that would go upstream, as they stand before the filters. */
export function upstreamCopy(exchange: Exchange): FakeFields {
  return new FakeFields([...exchange.request.fields.entries()]);
}

export function fakeResponse(status = 200, fields: FieldPairs = []): ResponseHead {
  return { status, reason: '', fields: new FakeFields(fields), framing: 'none', contentLength: 0 };
}

/** A route that matches everything unless told otherwise. */
export function fakeRoute(name: string, match: Partial<RouteMatchConfig> = {}): RouteConfig {
  return {
    name,
    match: { hosts: [], path: '/*', methods: [], headers: [], query: [], ...match },
    filters: [],
    upstream: 'users',
    split: undefined,
    mirror: undefined,
    rewrite: undefined,
    timeouts: { requestMs: 0, responseHeadMs: 0, grpcResponseHeadMs: 0, idleMs: 0, deadlineField: undefined },
    retry: undefined,
    upgrades: [],
    hostHeader: 'preserve',
  };
}
