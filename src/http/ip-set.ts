/** Owns the question "is this address in one of these networks?". Pure: it reads addresses as text and opens no socket. */
import { BlockList, isIP } from 'node:net';

export interface IpSet {
  /** False for everything that is not an IP address. IPv4-mapped IPv6 addresses count as their IPv4 address. */
  has(address: string): boolean;
  /** Compiled from no network at all: `has` is always false. */
  readonly empty: boolean;
}

interface Network {
  readonly address: string;
  readonly prefixLength: number;
  readonly family: 'ipv4' | 'ipv6';
}

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
const CIDR = /^([^/]+)(?:\/(\d{1,3}))?$/;

/** Compiles CIDRs (`10.0.0.0/8`, `2001:db8::/32`) and single addresses. Throws a RangeError naming the first bad one. */
export function compileIpSet(cidrs: readonly string[]): IpSet {
  if (cidrs.length === 0) return { has: () => false, empty: true };
  const list = new BlockList();
  for (const cidr of cidrs) {
    const network = parseNetwork(cidr);
    list.addSubnet(network.address, network.prefixLength, network.family);
  }
  return { has: (address) => contains(list, address), empty: false };
}

/** The address without zone (`%eth0`), an IPv4-mapped one as plain IPv4; undefined when it is no IP address. */
export function canonicalAddress(address: string): string | undefined {
  const zone = address.indexOf('%');
  const bare = zone < 0 ? address : address.slice(0, zone);
  if (isIP(bare) === 0) return undefined;
  return MAPPED.exec(bare)?.[1] ?? bare;
}

function contains(list: BlockList, address: string): boolean {
  const canonical = canonicalAddress(address);
  return canonical !== undefined && list.check(canonical, isIP(canonical) === 4 ? 'ipv4' : 'ipv6');
}

function parseNetwork(cidr: string): Network {
  const [, written = '', length] = CIDR.exec(cidr) ?? [];
  const address = canonicalAddress(written);
  if (address === undefined) throw new RangeError(`not an IP network: ${cidr}`);
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const bits = family === 'ipv4' ? 32 : 128;
  const wasMapped = address !== written && family === 'ipv4';
  const prefixLength = length === undefined ? bits : Number(length) - (wasMapped ? 96 : 0);
  if (prefixLength < 0 || prefixLength > bits) throw new RangeError(`not an IP network: ${cidr}`);
  return { address, prefixLength, family };
}
