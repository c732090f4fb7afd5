/** Owns which hosts are this machine alone. */
import { isIP } from 'node:net';

/** True for `localhost` and the loopback addresses of both families, without brackets. */
export const isLoopback = (host: string): boolean => {
  if (host === 'localhost') return true;
  if (isIP(host) === 4) return host.startsWith('127.');
  return isIP(host) === 6 && (host === '::1' || host.startsWith('::ffff:127.'));
};
