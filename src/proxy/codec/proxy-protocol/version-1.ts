import { ipVersionOf } from '../../../http/ip-address.js';
import { ABSENT, PARTIAL, fault } from './proxy-header.js';
import type { ProxiedAddresses, ProxyHeaderReading } from './proxy-header.js';

/** Owns version 1 of the PROXY protocol: one line of text, `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`, ended by CRLF. */

const PREFIX = Buffer.from('PROXY ');
/** Section 2.1: the longest line, its CRLF included. */
const MAX_LINE_BYTES = 107;
const PORT = /^(?:0|[1-9]\d{0,4})$/;

export function readVersion1(bytes: Buffer): ProxyHeaderReading {
  const known = Math.min(bytes.length, PREFIX.length);
  if (bytes.compare(PREFIX, 0, known, 0, known) !== 0) return ABSENT;
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_LINE_BYTES ? PARTIAL : fault('line-length');
  const [, protocol, ...words] = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  // What follows UNKNOWN is to be ignored.
  if (protocol === 'UNKNOWN') return { kind: 'header', length, addresses: undefined };
  const version = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : undefined;
  if (version === undefined) return fault('protocol');
  const addresses = addressesOf(words, version);
  return addresses === undefined ? fault('addresses') : { kind: 'header', length, addresses };
}

function addressesOf(words: readonly string[], version: 4 | 6): ProxiedAddresses | undefined {
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = words;
  const areAddresses = ipVersionOf(source) === version && ipVersionOf(destination) === version;
  if (words.length !== 4 || !areAddresses || !isPort(sourcePort) || !isPort(destinationPort))
    return undefined;
  return {
    sourceAddress: source,
    sourcePort: Number(sourcePort),
    destinationAddress: destination,
    destinationPort: Number(destinationPort),
  };
}

const isPort = (text: string): boolean => PORT.test(text) && Number(text) <= 65_535;

/** Both addresses must be of one family; undefined says that nothing is known of the client. */
export function writeVersion1(addresses: ProxiedAddresses | undefined): Buffer {
  if (addresses === undefined) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { sourceAddress, destinationAddress, sourcePort, destinationPort } = addresses;
  const protocol = ipVersionOf(sourceAddress) === 4 ? 'TCP4' : 'TCP6';
  const ports = `${String(sourcePort)} ${String(destinationPort)}`;
  return Buffer.from(`PROXY ${protocol} ${sourceAddress} ${destinationAddress} ${ports}\r\n`, 'latin1');
}
