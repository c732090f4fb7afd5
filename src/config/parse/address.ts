/** Owns the reading of listening addresses: `host:port`, `:port` and `[::]:port`. */
import { isIP, isIPv6 } from 'node:net';
import { parsed, refused, type Parsed } from './parsed.js';

export interface Address {
  /** Without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

const BRACKETED = /^\[([^[\]]*)\]:(.*)$/;
const HOST_NAME = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/;

/** A port from 0 to 65535. */
export function parsePort(text: string): Parsed<number> {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) return refused('must be a port from 0 to 65535');
  return parsed(Number(text));
}

/** `:port` listens on every IPv4 address (0.0.0.0). IPv6 addresses stand in brackets. */
export function parseAddress(text: string): Parsed<Address> {
  const bracketed = BRACKETED.exec(text);
  const colon = text.lastIndexOf(':');
  if (bracketed === null && colon < 0)
    return refused('must be an address with a port: host:port, :port or [::]:port');
  const host = bracketed === null ? text.slice(0, colon) : (bracketed[1] ?? '');
  const wrong = bracketed === null ? hostComplaint(host) : v6Complaint(host);
  if (wrong !== undefined) return refused(wrong);
  const port = parsePort(bracketed === null ? text.slice(colon + 1) : (bracketed[2] ?? ''));
  if (!port.ok) return refused('must end in a port from 0 to 65535, as in 127.0.0.1:8080');
  return parsed({ host: host === '' ? '0.0.0.0' : host, port: port.value });
}

function v6Complaint(host: string): string | undefined {
  return isIPv6(host) ? undefined : 'must hold an IPv6 address between its brackets, as in [::1]:8443';
}

function hostComplaint(host: string): string | undefined {
  if (host.includes(':')) return 'must write an IPv6 address in brackets, as in [::1]:8443';
  if (host === '' || isIP(host) === 4 || (HOST_NAME.test(host) && !/^[\d.]+$/.test(host))) return undefined;
  return 'must begin with an IP address or a host name, as in 127.0.0.1:8080';
}

/** `host:port` for messages, with brackets where the host needs them. */
export function formatAddress(address: Address): string {
  return `${isIPv6(address.host) ? `[${address.host}]` : address.host}:${String(address.port)}`;
}
