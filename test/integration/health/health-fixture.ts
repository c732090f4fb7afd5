/** Upstreams whose health a test turns on and off, and what a running Torus says of them. */
import type { ServerResponse } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { startHttpUpstream, until, type RunningTorus, type TestUpstream } from '../../support/index.js';

export interface Backend {
  readonly name: string;
  readonly upstream: TestUpstream;
  /** `host:port`, as in logs. */
  readonly address: string;
  /** Status of requests; 0 breaks the connection, -1 says nothing. */
  status: number;
  /** Status of `/healthz`; as above. */
  health: number;
  /** Requests, without those for `/healthz`. */
  hits: number;
  checks: number;
  /** Fields of the last check. */
  lastCheck: Readonly<Record<string, unknown>>;
  /** Waiting requests for `/hold`. */
  readonly held: ServerResponse[];
}

/** Answers with its name. */
export const startBackend = async (name: string, port?: number): Promise<Backend> => {
  const state = { status: 200, health: 200, hits: 0, checks: 0, lastCheck: {} };
  const held: ServerResponse[] = [];
  const upstream = await startHttpUpstream(
    (request, response) => {
      const isCheck = request.url?.startsWith('/healthz') === true;
      if (isCheck) {
        state.checks += 1;
        state.lastCheck = { method: request.method, url: request.url, ...request.headers };
      } else state.hits += 1;
      const status = isCheck ? state.health : state.status;
      request.resume();
      if (status === -1) return;
      if (status === 0) response.destroy();
      else if (request.url === '/hold') held.push(response);
      else response.writeHead(status).end(name);
    },
    port === undefined ? {} : { port },
  );
  return Object.assign(state, { name, upstream, held, address: `127.0.0.1:${String(upstream.port)}` });
};

export const closeAll = (backends: readonly Backend[]): Promise<unknown> =>
  Promise.all(backends.map(({ upstream }) => upstream.close()));

/** A configuration with one plain listener, whose every path goes to the upstream `main`. */
export const configFor = (main: object, extra: object = {}): object => ({
  workers: 1,
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0' },
  log: { access: false },
  shutdown: { timeout: '2s' },
  upstreams: { main },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
  ...extra,
});

export interface EndpointFacts {
  readonly address: string;
  readonly weight: number;
  readonly state: string;
  readonly available: boolean;
  readonly why: string;
  readonly since: string;
  readonly active: number;
  readonly connections: number;
  readonly ejectedUntil?: string;
  readonly lastCheck?: { readonly passed: boolean; readonly detail: string; readonly ageMs: number };
}

export interface UpstreamFacts {
  readonly name: string;
  readonly source: { readonly kind: string; readonly from?: string; readonly problem?: string };
  readonly panic: boolean;
  readonly available: number;
  readonly total: number;
  readonly endpoints: readonly EndpointFacts[];
}

/** What `GET /upstreams` says of `main`. */
export const factsOf = async (torus: RunningTorus, name = 'main'): Promise<UpstreamFacts> => {
  const document = (await (await torus.admin('/upstreams')).json()) as {
    readonly upstreams: readonly UpstreamFacts[];
  };
  const facts = document.upstreams.find((upstream) => upstream.name === name);
  if (facts === undefined) throw new Error(`no upstream ${name}`);
  return facts;
};

/** `state` of each endpoint, by address. */
export const statesOf = async (torus: RunningTorus): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries((await factsOf(torus)).endpoints.map(({ address, state }) => [address, state]));

export const untilState = async (
  torus: RunningTorus,
  { address }: Pick<Backend, 'address'>,
  state: string,
  timeoutMs = 5_000,
): Promise<void> => {
  await until(
    async () => (await statesOf(torus))[address] === state,
    timeoutMs,
    `${address} to be ${state}\n${torus.log.tail()}`,
  );
};

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One request on a connection of its own, so that every worker gets some. */
export const ask = async (torus: RunningTorus, path = '/', init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(`${torus.url()}${path}`, {
    ...init,
    headers: { connection: 'close' },
  });
  return { status: response.status, text: await response.text() };
};

/** What `tally` says once the workers have heard what the primary knows already: milliseconds later, on a machine with time. */
export const untilTally = async (
  torus: RunningTorus,
  expected: Readonly<Record<string, number>>,
): Promise<void> => {
  const count = Object.values(expected).reduce((sum, each) => sum + each, 0);
  let last: Readonly<Record<string, number>> = {};
  await until(async () => {
    last = await tally(torus, count);
    return isDeepStrictEqual(last, expected);
  }, 3_000).catch(() => expect(last).toEqual(expected));
};

/** Who answered, how often. */
export const tally = async (
  torus: RunningTorus,
  count: number,
): Promise<Readonly<Record<string, number>>> => {
  const seen: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const { status, text } = await ask(torus);
    const key = status === 200 ? text : String(status);
    seen[key] = (seen[key] ?? 0) + 1;
  }
  return seen;
};
