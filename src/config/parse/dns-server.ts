/** Owns the reading of addresses of DNS servers: the port may be left out. */
import { isIP } from 'node:net';
import { parseAddress } from './address.js';
import { parsed, refused, type Parsed } from './parsed.js';

/** As Node's resolver takes it: `1.2.3.4`, `1.2.3.4:53`, `[::1]:53`. A name would need a resolver itself. */
export function parseDnsServer(text: string): Parsed<string> {
  const trimmed = text.trim();
  const bare = trimmed.replace(/^\[([^\]]*)\]$/, '$1');
  if (isIP(bare) !== 0) return parsed(bare);
  const address = parseAddress(trimmed);
  if (!address.ok || isIP(address.value.host) === 0 || address.value.port === 0)
    return refused('must be an IP address, with or without a port, such as 10.0.0.2:53');
  const { host, port } = address.value;
  return parsed(isIP(host) === 6 ? `[${host}]:${String(port)}` : `${host}:${String(port)}`);
}
