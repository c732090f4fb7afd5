/** Owns the step from the keys of the admin API to its settings: what is open to a network needs a token and TLS. */
import { resolve } from 'node:path';
import type { AdminConfig } from '../../contracts/config.js';
import { isLoopback } from '../../http/loopback.js';
import type { AdminAddress } from '../parse/admin-address.js';
import type { ConfigDocument } from '../schema/document.js';
import { loadCertificate } from './certificates.js';
import type { CompileContext } from './compile-context.js';

type AdminDocument = Exclude<ConfigDocument['admin'], false>;
type Where = Pick<AdminConfig, 'host' | 'port' | 'socketPath' | 'mayMove'>;

/** A second instance on the machine should start; one that was told its port should not end up elsewhere. */
const DEFAULT_ADDRESS: Where = { host: '127.0.0.1', port: 9901, socketPath: undefined, mayMove: true };

export function compileAdmin(
  document: AdminDocument | false,
  context: CompileContext,
): AdminConfig | undefined {
  if (document === false) return undefined;
  const where = whereOf(document.address, context.directory);
  const tls = document.tls && loadCertificate(document.tls, ['admin', 'tls'], context);
  warnOfExposure(where, document, context);
  return { ...where, token: document.token, tls };
}

function whereOf(address: AdminAddress | undefined, directory: string): Where {
  if (address === undefined) return DEFAULT_ADDRESS;
  if (!('socketPath' in address)) return { ...address, socketPath: undefined, mayMove: false };
  return { host: '', port: 0, socketPath: resolve(directory, address.socketPath), mayMove: false };
}

function warnOfExposure(where: Where, { token, tls }: AdminDocument, { report }: CompileContext): void {
  if (where.socketPath !== undefined || isLoopback(where.host)) return;
  if (token === undefined)
    report.warn(
      ['admin', 'address'],
      'is open to a network without admin.token: only probes and metrics are answered',
    );
  else if (tls === undefined)
    report.error(
      ['admin', 'token'],
      'would cross the network in clear text: set admin.tls, or bind the admin API to loopback',
    );
}
