/** Owns the opening of the admin listener: at its address, at a free port, over a dead socket, or not at all. */
import { connect } from 'node:net';
import { removeFile } from '../../config/index.js';
import type { AdminConfig } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { AdminRoute } from '../admin/admin-route.js';
import { startAdmin } from '../admin/admin-server.js';
import type { AdminServer } from '../admin/admin-server.js';
import { describeBindFailure, errorCode } from '../bind-problem.js';

/** Undefined where the configuration wants none; `failed` after the reason was logged. */
export const openAdmin = async (
  admin: AdminConfig | undefined,
  routes: readonly AdminRoute[],
  log: Log,
): Promise<AdminServer | undefined | 'failed'> => {
  if (admin === undefined) return undefined;
  const start = (where: AdminConfig): Promise<AdminServer> =>
    startAdmin(where, routes, (err) => log.error({ err }, 'Admin listener failed'));
  try {
    const server = await start(admin).catch((error: unknown) => startElsewhere(admin, start, { error, log }));
    log.info(addressOf(admin, server.port), 'Admin listening');
    return server;
  } catch (error) {
    log.fatal(bindProblem(admin, error));
    return 'failed';
  }
};

const startElsewhere = async (
  admin: AdminConfig,
  start: (where: AdminConfig) => Promise<AdminServer>,
  { error, log }: { readonly error: unknown; readonly log: Log },
): Promise<AdminServer> => {
  if (admin.mayMove) {
    log.warn(`${bindProblem(admin, error)}: taking a free port`);
    return start({ ...admin, port: 0 });
  }
  const { socketPath } = admin;
  if (socketPath === undefined || errorCode(error) !== 'EADDRINUSE' || !(await isDead(socketPath)))
    throw error;
  log.warn({ socketPath }, 'Removing the socket of an instance that did not end cleanly');
  removeFile(socketPath);
  return start(admin);
};

/** Nobody listens at that socket. */
const isDead = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => resolve(errorCode(error) === 'ECONNREFUSED'));
  });

const addressOf = ({ host, socketPath, tls }: AdminConfig, port: number): object =>
  socketPath === undefined
    ? { address: host, port, tls: tls !== undefined }
    : { address: `unix:${socketPath}` };

const bindProblem = ({ host, port, socketPath }: AdminConfig, error: unknown): string =>
  socketPath === undefined
    ? describeBindFailure({ name: 'admin', host, port }, error)
    : describeBindFailure({ name: 'admin', path: socketPath }, error);
