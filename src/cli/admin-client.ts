/** Owns the way from a command to the admin API of a running instance: where it is, its token, what went wrong. */
import { X509Certificate } from 'node:crypto';
import { request as requestPlain } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { RequestOptions as SecureRequestOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { formatProblem, loadConfig, parseAdminAddress, readEnvironment } from '../config/index.js';
import type { AdminConfig } from '../contracts/config.js';
import { AdminFailure } from './admin-failure.js';

export interface AdminTarget {
  /** `--admin`; undefined to take what the configuration says. */
  readonly admin: string | undefined;
  /** `--config`. */
  readonly file: string | undefined;
  readonly cwd: string;
}

export interface AdminReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface AdminClient {
  /** Resolves with every answer, whatever its status; rejects with an `AdminFailure` when there is none. */
  request(method: string, path: string, body?: string): Promise<AdminReply>;
  /** The same without waiting for the body. It must be read or destroyed. */
  open(method: string, path: string, body?: string): Promise<IncomingMessage>;
}

interface Connection {
  readonly options: SecureRequestOptions;
  readonly secure: boolean;
  readonly token: string | undefined;
  /** For messages: where it is, and what its certificate is checked by. */
  readonly shown: string;
  readonly trusted: string;
}

const TOKEN_VARIABLE = 'TORUS_ADMIN_TOKEN';
const TIMEOUT_MS = 60_000;
const SYSTEM = "the system's authorities and NODE_EXTRA_CA_CERTS do not vouch for";

/** Rejects with an `AdminFailure` when it cannot be known where the admin API is. Connects only when something is asked. */
export const openAdmin = async (target: AdminTarget): Promise<AdminClient> => {
  const env = readEnvironment(target.cwd);
  const token = env[TOKEN_VARIABLE];
  const connection =
    target.admin === undefined ? await configured(target, token) : named(target.admin, token);
  const open = (method: string, path: string, body?: string): Promise<IncomingMessage> =>
    send(connection, { method, path, body });
  return {
    open,
    request: async (method, path, body) => readReply(await open(method, path, body)),
  };
};

/** The body of a reply that must be 2xx, as JSON. Throws an `AdminFailure` with the words of the instance. */
export const expectJson = ({ status, body }: AdminReply): unknown => {
  if (status < 200 || status > 299) throw new AdminFailure(body.trim() || `the instance answered ${status}`);
  return JSON.parse(body) as unknown;
};

const configured = async ({ file, cwd }: AdminTarget, token: string | undefined): Promise<Connection> => {
  const result = await loadConfig({ file, cwd, env: readEnvironment(cwd) });
  if (!result.ok) {
    const problems = result.problems.map((problem) => formatProblem(problem)).join('\n');
    throw new AdminFailure(
      `${problems}\nSay where the instance is with --admin ADDRESS, or name its file with --config FILE`,
    );
  }
  const { admin } = result.snapshot;
  if (admin === undefined) throw new AdminFailure('the configuration turns the admin API off');
  if (admin.socketPath === undefined && admin.port === 0)
    throw new AdminFailure('the port of the admin API is chosen at the start: say it with --admin HOST:PORT');
  return { ...reach(admin), token: admin.token ?? token };
};

const reach = ({ host, port, socketPath, tls }: AdminConfig): Omit<Connection, 'token'> => {
  if (socketPath !== undefined)
    return { options: { socketPath }, secure: false, shown: `unix:${socketPath}`, trusted: '' };
  const local = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  const shown = `${local}:${port}`;
  if (tls === undefined) return { options: { host: local, port }, secure: false, shown, trusted: '' };
  // The very certificate that the configuration names is expected, whatever name it holds and whoever signed it.
  const options = { host: local, port, ...only(tls.certPem) };
  return {
    options,
    secure: true,
    shown,
    trusted: `${tls.certFile}, which the configuration names, does not vouch for`,
  };
};

/** The first is that of the instance; after it come authorities, which vouch for others too. */
const only = (certPem: string): Connection['options'] => ({
  ca: new X509Certificate(certPem).toString(),
  allowPartialTrustChain: true,
  checkServerIdentity: () => undefined,
});

const named = (admin: string, token: string | undefined): Connection => {
  const [, scheme, rest = admin] = /^(https?):\/\/([^/]*)\/?$/.exec(admin) ?? [];
  const address = parseAdminAddress(rest);
  if (!address.ok) throw new AdminFailure(`--admin ${admin}: ${address.message}`);
  const options = address.value;
  return { options, secure: scheme === 'https', token, shown: admin, trusted: SYSTEM };
};

const send = (
  connection: Connection,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body: string | undefined },
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { options, secure, token } = connection;
    const headers = {
      host: 'localhost',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
    };
    const request = (secure ? requestSecure : requestPlain)({
      ...options,
      method,
      path,
      headers,
      agent: false,
    });
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error('it does not answer')));
    request.once('response', resolve);
    request.once('error', (error) => reject(failureOf(request, connection, error)));
    request.end(body);
  });

const failureOf = (
  { socket }: ClientRequest,
  { shown, trusted }: Connection,
  { message }: Error,
): AdminFailure => {
  // Set by a handshake that was good but for the certificate: somebody does answer.
  const isDistrusted = socket instanceof TLSSocket && Boolean(socket.authorizationError);
  return new AdminFailure(
    isDistrusted
      ? `the instance at ${shown} answers with a certificate that ${trusted}: ${message}`
      : `no instance answers at ${shown}: ${message || 'it cannot be reached'}`,
  );
};

export const readReply = async (response: IncomingMessage): Promise<AdminReply> => {
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  return {
    status: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    body: Buffer.concat(pieces).toString('utf8'),
  };
};
