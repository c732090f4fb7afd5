/** Owns the admin listener: where it is bound, and how its answers are written. It never proxies. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createSecureServer, Server as SecureServer } from 'node:https';
import type { AddressInfo, ListenOptions } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AdminConfig, CertificateConfig } from '../../contracts/config.js';
import { holdAtMost } from './admin-connections.js';
import { hasOneHost, isHostAllowed, refuse } from './admin-guard.js';
import { AdminProblem, MAX_BODY_BYTES, problem } from './admin-route.js';
import type { AdminAnswer, AdminRequest, AdminRoute } from './admin-route.js';
import { AdminTable } from './admin-table.js';

export type AdminOptions = Omit<AdminConfig, 'mayMove'>;

export interface AdminServer {
  /** 0 on a unix socket. */
  readonly port: number;
  /** Handshakes from now on show that certificate; connections stay. For a listener with TLS. */
  renew(certificate: CertificateConfig): void;
  close(): void;
}

type OnFailure = (error: unknown) => void;

const REQUEST_TIMEOUT_MS = 5000;
/** How often Node looks which requests are late; it would be every 30 s. */
const LATENESS_CHECK_MS = 1000;
const MAX_CONNECTIONS = 64;
// What is created by the bind alone must be the owner's alone.
const OWNER_ONLY = 0o177;

/** Binds the admin listener. Rejects when the address cannot be bound (`code` on the error). */
export const startAdmin = (
  admin: AdminOptions,
  routes: readonly AdminRoute[],
  onFailure: OnFailure,
): Promise<AdminServer> =>
  new Promise((resolve, reject) => {
    const table = new AdminTable(routes);
    const server = createFor(admin, (request, response) => {
      answer(admin, table, request)
        .catch((error: unknown) => failed(error, onFailure))
        .then((reply) => write(request, response, reply))
        .catch(onFailure);
    });
    holdAtMost(MAX_CONNECTIONS, server);
    server.once('error', reject);
    bind(server, admin, () => {
      server.removeListener('error', reject);
      server.on('error', onFailure);
      resolve(handleOf(server));
    });
  });

type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

const createFor = ({ tls }: AdminOptions, onRequest: OnRequest): Server => {
  const limits: ServerOptions = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: LATENESS_CHECK_MS,
  };
  if (tls === undefined) return createServer(limits, onRequest);
  return createSecureServer({ ...limits, ...pemOf(tls) }, onRequest);
};

const pemOf = ({ certPem, keyPem }: CertificateConfig): { readonly cert: string; readonly key: string } => ({
  cert: certPem,
  key: keyPem,
});

const bind = (server: Server, { host, port, socketPath }: AdminOptions, onBound: () => void): void => {
  const where: ListenOptions = socketPath === undefined ? { host, port } : { path: socketPath };
  if (socketPath === undefined) {
    server.listen(where, onBound);
    return;
  }
  const before = process.umask(OWNER_ONLY);
  try {
    server.listen(where, onBound);
  } finally {
    process.umask(before);
  }
};

const handleOf = (server: Server): AdminServer => ({
  port: (server.address() as AddressInfo | null)?.port ?? 0,
  renew: (certificate) => {
    if (server instanceof SecureServer) server.setSecureContext(pemOf(certificate));
  },
  close: () => {
    server.close();
    server.closeAllConnections();
  },
});

const answer = async (
  admin: AdminOptions,
  table: AdminTable,
  request: IncomingMessage,
): Promise<AdminAnswer> => {
  if (!hasOneHost(request.rawHeaders)) return problem(400, 'more than one Host');
  if (!isHostAllowed(admin, request.headers.host)) return problem(421, 'wrong host');
  const { path, query } = splitTarget(request.url ?? '/');
  const match = table.match(request.method ?? '', path);
  if ('answer' in match) return match.answer;
  const refusal = refuse(admin, match.route, request.headers);
  if (refusal !== undefined) return refusal;
  return match.route.handle(requestOf(request, match.parameter, query));
};

const splitTarget = (target: string): { readonly path: string; readonly query: string } => {
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
};

const requestOf = (request: IncomingMessage, parameter: string, query: string): AdminRequest => ({
  query: new URLSearchParams(query),
  parameter,
  accept: request.headers.accept ?? '',
  contentType: request.headers['content-type'] ?? '',
  ifNoneMatch: request.headers['if-none-match'] ?? '',
  body: () => readBody(request),
});

const readBody = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BODY_BYTES) throw new AdminProblem(413, `a body may have ${MAX_BODY_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
};

const failed = (error: unknown, onFailure: OnFailure): AdminAnswer => {
  if (error instanceof AdminProblem) return problem(error.status, error.message);
  onFailure(error);
  return problem(500, 'internal error');
};

const write = async (
  request: IncomingMessage,
  response: ServerResponse,
  reply: AdminAnswer,
): Promise<void> => {
  // A body nobody reads would hold the connection.
  request.resume();
  const { body } = reply;
  // 304 would have to give the length of what it does not send (RFC 9110 section 8.6).
  const isLengthKnown = !(body instanceof Readable) && reply.status !== 304;
  const length = isLengthKnown ? { 'content-length': Buffer.byteLength(body) } : {};
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    ...length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    ...reply.fields,
  });
  if (request.method === 'HEAD') response.end();
  else if (body instanceof Readable) await pipeline(body, response);
  else response.end(body);
};
