import { ipBytesOf, ipTextOf, ipVersionOf } from '../../../http/ip-address.js';
import { crc32c } from './crc32c.js';
import { ABSENT, PARTIAL, fault } from './proxy-header.js';
import type { ProxiedAddresses, ProxyHeaderReading } from './proxy-header.js';

/** Owns version 2 of the PROXY protocol: a signature no other protocol begins with, addresses in binary, and TLVs. */

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
/** As in nginx. Real headers, with the names and certificates that some senders put in TLVs, stay well below. */
const MAX_HEADER_BYTES = 4096;

const VERSION = 2;
const COMMAND = { local: 0, proxy: 1 };
const STREAM = 1;
const FAMILY = { unspecified: 0, inet: 1, inet6: 2, unix: 3 };
/** How many bytes the addresses of each family take. */
const ADDRESS_BYTES = [0, 12, 36, 216];
const MAX_TRANSPORT = 2;
const TLV_HEAD_BYTES = 3;
const TLV_CRC32C = 3;

export function readVersion2(bytes: Buffer): ProxyHeaderReading {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.compare(SIGNATURE, 0, known, 0, known) !== 0) return ABSENT;
  if (bytes.length < FIXED_BYTES) return PARTIAL;
  const [version, command] = nibbles(bytes[12]);
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  if (version !== VERSION) return fault('version');
  if (command > COMMAND.proxy) return fault('command');
  if (length > MAX_HEADER_BYTES) return fault('header-length');
  if (bytes.length < length) return PARTIAL;
  const header = bytes.subarray(0, length);
  return command === COMMAND.local ? readLocal(header) : readProxy(header);
}

function readProxy(header: Buffer): ProxyHeaderReading {
  const [family, transport] = nibbles(header[13]);
  // Section 2.2: other values are reserved and must be refused.
  if (family >= ADDRESS_BYTES.length || transport > MAX_TRANSPORT) return fault('family');
  const addressEnd = FIXED_BYTES + (ADDRESS_BYTES[family] ?? 0);
  if (addressEnd > header.length) return fault('address-length');
  const rule = tlvFault(header, addressEnd);
  if (rule !== undefined) return fault(rule);
  return {
    kind: 'header',
    length: header.length,
    addresses: transport === STREAM ? addressesOf(header, family) : undefined,
  };
}

/** Section 2.2: the sender speaks for itself, and the family is ignored. A checksum must be right all the same. */
function readLocal(header: Buffer): ProxyHeaderReading {
  const [family] = nibbles(header[13]);
  const rule = tlvFault(header, FIXED_BYTES + (ADDRESS_BYTES[family] ?? 0));
  return rule === 'checksum' ? fault(rule) : { kind: 'header', length: header.length, addresses: undefined };
}

const nibbles = (byte = 0): readonly [number, number] => [byte >> 4, byte & 15];

/** Undefined for a family without addresses of the Internet. */
function addressesOf(header: Buffer, family: number): ProxiedAddresses | undefined {
  if (family !== FAMILY.inet && family !== FAMILY.inet6) return undefined;
  const size = family === FAMILY.inet ? 4 : 16;
  const middle = FIXED_BYTES + size;
  const ports = middle + size;
  return {
    sourceAddress: ipTextOf(header.subarray(FIXED_BYTES, middle)),
    destinationAddress: ipTextOf(header.subarray(middle, ports)),
    sourcePort: header.readUInt16BE(ports),
    destinationPort: header.readUInt16BE(ports + 2),
  };
}

/** Goes over the TLVs, which must fill the rest of the header. Nothing in them is used but the checksum. */
function tlvFault(header: Buffer, from: number): string | undefined {
  let at = from;
  while (at < header.length) {
    if (at + TLV_HEAD_BYTES > header.length) return 'tlv-length';
    const valueAt = at + TLV_HEAD_BYTES;
    const end = valueAt + header.readUInt16BE(at + 1);
    if (end > header.length) return 'tlv-length';
    if (header[at] === TLV_CRC32C && !isIntact(header, valueAt, end)) return 'checksum';
    at = end;
  }
  return undefined;
}

/** Section 2.2.4: over the whole header, the place of the checksum itself taken as zero. */
function isIntact(header: Buffer, valueAt: number, end: number): boolean {
  if (end - valueAt !== 4) return false;
  const blank = Buffer.from(header).fill(0, valueAt, end);
  return crc32c(blank) === header.readUInt32BE(valueAt);
}

/** Both addresses must be of one family; undefined says that nothing is known of the client. */
export function writeVersion2(addresses: ProxiedAddresses | undefined): Buffer {
  if (addresses === undefined) return headerOf(COMMAND.proxy, FAMILY.unspecified << 4, []);
  const family = ipVersionOf(addresses.sourceAddress) === 4 ? FAMILY.inet : FAMILY.inet6;
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(addresses.sourcePort, 0);
  ports.writeUInt16BE(addresses.destinationPort, 2);
  return headerOf(COMMAND.proxy, (family << 4) | STREAM, [
    ipBytesOf(addresses.sourceAddress),
    ipBytesOf(addresses.destinationAddress),
    ports,
  ]);
}

function headerOf(command: number, family: number, parts: readonly Uint8Array[]): Buffer {
  const rest = Buffer.concat(parts);
  const fixed = Buffer.alloc(4, 0);
  fixed.writeUInt8((VERSION << 4) | command, 0);
  fixed.writeUInt8(family, 1);
  fixed.writeUInt16BE(rest.length, 2);
  return Buffer.concat([SIGNATURE, fixed, rest]);
}
