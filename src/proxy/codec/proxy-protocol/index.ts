import { canonicalAddress } from '../../../http/ip-set.js';
import { ipVersionOf } from '../../../http/ip-address.js';
import { ABSENT, PARTIAL } from './proxy-header.js';
import type { ProxiedAddresses, ProxyHeaderReading } from './proxy-header.js';
import { readVersion1, writeVersion1 } from './version-1.js';
import { readVersion2, writeVersion2 } from './version-2.js';

export type { ProxiedAddresses, ProxyHeaderReading } from './proxy-header.js';

/** Owns the PROXY protocol as others see it: one header of either version read from the first bytes of a connection, or written. */

export type ProxyVersion = 'v1' | 'v2';

/** `bytes` is all that came so far. Whoever gets `partial` asks again with more: a header is at most 4096 bytes long. */
export function readProxyHeader(bytes: Buffer): ProxyHeaderReading {
  if (bytes.length === 0) return PARTIAL;
  const first = readVersion2(bytes);
  return first === ABSENT ? readVersion1(bytes) : first;
}

/** The header for a client; UNKNOWN (version 2: AF_UNSPEC) where one of the addresses is none. */
export function proxyHeader(version: ProxyVersion, addresses: ProxiedAddresses): Buffer {
  const write = version === 'v1' ? writeVersion1 : writeVersion2;
  return write(ofOneFamily(addresses));
}

/** A header has room for one family: where they differ, the IPv4 address is written as an IPv4-mapped one. */
function ofOneFamily(addresses: ProxiedAddresses): ProxiedAddresses | undefined {
  const source = canonicalAddress(addresses.sourceAddress);
  const destination = canonicalAddress(addresses.destinationAddress);
  if (source === undefined || destination === undefined) return undefined;
  const areOne = ipVersionOf(source) === ipVersionOf(destination);
  const shown = (address: string): string =>
    areOne || ipVersionOf(address) === 6 ? address : `::ffff:${address}`;
  return { ...addresses, sourceAddress: shown(source), destinationAddress: shown(destination) };
}
