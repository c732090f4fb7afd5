/** Owns the reading of where the admin API listens: `host:port` or `unix:PATH`. */
import { parseAddress, type Address } from './address.js';
import { parsed, refused, type Parsed } from './parsed.js';

export type AdminAddress = Address | { readonly socketPath: string };

const UNIX = /^unix:(?:\/\/)?(.*)$/s;
/** The kernel's limit (`sun_path`), less the final NUL. */
const LONGEST_SOCKET_PATH = 107;

/** A path after `unix:` may be relative; `unix:///run/x.sock` is the same as `unix:/run/x.sock`. */
export function parseAdminAddress(value: string): Parsed<AdminAddress> {
  const socketPath = UNIX.exec(value)?.[1];
  if (socketPath === undefined) return parseAddress(value);
  if (socketPath === '') return refused('must name a path after unix:, as in unix:/run/torus/admin.sock');
  if (Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH)
    return refused(
      `must name a path of at most ${String(LONGEST_SOCKET_PATH)} bytes: that is all a socket may have`,
    );
  return parsed({ socketPath });
}
