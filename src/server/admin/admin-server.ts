/** Owns the admin listener: health, readiness and metrics, over plain HTTP. It never proxies and changes nothing. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdminConfig } from '../../contracts/config.js';
import { PROMETHEUS_CONTENT_TYPE } from '../../observability/prometheus.js';
import { isAllowedHost } from './admin-host.js';

export interface AdminSources {
  /** undefined when requests can be served; otherwise why not. */
  unreadyReason(): string | undefined;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** The endpoints of every upstream and their states, as plain data. */
  upstreams(): Promise<object>;
  onFailure(error: unknown): void;
}

type AdminAddress = Pick<AdminConfig, 'host' | 'port'>;

export interface AdminServer {
  readonly port: number;
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

type Endpoint = (sources: AdminSources) => Answer | Promise<Answer>;

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/livez': () => ({ status: 200, body: 'ok\n' }),
  '/readyz': (sources) => readiness(sources.unreadyReason()),
  '/metrics': async (sources) => ({
    status: 200,
    body: await sources.metrics(),
    contentType: PROMETHEUS_CONTENT_TYPE,
  }),
  '/upstreams': async (sources) => ({
    status: 200,
    body: `${JSON.stringify(await sources.upstreams(), undefined, 2)}\n`,
    contentType: 'application/json',
  }),
  '/': () => ({ status: 200, body: `${Object.keys(ENDPOINTS).join('\n')}\n` }),
};

const METHODS = ['GET', 'HEAD'];
const REQUEST_TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 64;

/** Binds the admin listener. Rejects when the address cannot be bound (`code` on the error). */
export const startAdmin = (config: AdminAddress, sources: AdminSources): Promise<AdminServer> =>
  new Promise((resolve, reject) => {
    const server = createServer(
      { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
      (request, response) =>
        void answer(config, sources, request).then((reply) => write(request, response, reply)),
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.once('error', reject);
    server.listen({ host: config.host, port: config.port }, () => {
      server.removeListener('error', reject);
      server.on('error', (error) => sources.onFailure(error));
      resolve(handleOf(server));
    });
  });

const handleOf = (server: Server): AdminServer => ({
  port: (server.address() as AddressInfo).port,
  close: () => {
    server.close();
    server.closeAllConnections();
  },
});

const answer = async (
  config: AdminAddress,
  sources: AdminSources,
  request: IncomingMessage,
): Promise<Answer> => {
  if (!isAllowedHost(request.headers.host, config.host)) return { status: 421, body: 'wrong host\n' };
  const endpoint = endpointOf(request.url ?? '/');
  if (endpoint === undefined) return { status: 404, body: 'not found\n' };
  if (!METHODS.includes(request.method ?? '')) {
    return { status: 405, body: 'method not allowed\n', fields: { allow: METHODS.join(', ') } };
  }
  try {
    return await endpoint(sources);
  } catch (error) {
    sources.onFailure(error);
    return { status: 500, body: 'internal error\n' };
  }
};

const endpointOf = (target: string): Endpoint | undefined => {
  const path = target.split('?', 1)[0] ?? '/';
  return Object.hasOwn(ENDPOINTS, path) ? ENDPOINTS[path] : undefined;
};

const readiness = (reason: string | undefined): Answer =>
  reason === undefined
    ? { status: 200, body: 'ready\n' }
    : { status: 503, body: `${reason}\n`, fields: { 'retry-after': '1' } };

const write = (request: IncomingMessage, response: ServerResponse, reply: Answer): void => {
  // A body nobody reads would hold the connection.
  request.resume();
  response.writeHead(reply.status, {
    'content-type': reply.contentType ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(reply.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...reply.fields,
  });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
};
