/** Both versions of the PROXY header: what is read, what is refused, and that nothing breaks the reader. */
import fc from 'fast-check';
import { ipBytesOf, ipTextOf } from '../../../../../src/http/ip-address.js';
import { crc32c } from '../../../../../src/proxy/codec/proxy-protocol/crc32c.js';
import { localProxyHeader } from '../../../../../src/http/local-proxy-header.js';
import {
  proxyHeader,
  readProxyHeader,
  type ProxiedAddresses,
} from '../../../../../src/proxy/codec/proxy-protocol/index.js';

const read = (text: string | Buffer) => readProxyHeader(Buffer.from(text as string, 'latin1'));
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const bytes = (...values: number[]): string => Buffer.from(values).toString('latin1');

/** `length` is written as it is told, right or wrong. */
const version2 = (command: number, family: number, rest: string, length = rest.length): Buffer =>
  Buffer.from(SIGNATURE + bytes(command, family, length >> 8, length & 0xff) + rest, 'latin1');

const INET = bytes(192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0x01, 0xbb);
const INET_ADDRESSES = {
  sourceAddress: '192.0.2.1',
  sourcePort: 56_324,
  destinationAddress: '192.0.2.2',
  destinationPort: 443,
};

describe('a PROXY header of version 1', () => {
  it('names an IPv4 client', () => {
    const line = 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n';
    expect(read(`${line}GET / HTTP/1.1\r\n`)).toEqual({
      kind: 'header',
      length: line.length,
      addresses: INET_ADDRESSES,
    });
  });

  it('names an IPv6 client, at the greatest length a line may have', () => {
    const address = 'ffff:f00f:ffff:ffff:ffff:ffff:ffff:ffff';
    const line = `PROXY TCP6 ${address} ${address} 65535 65535\r\n`;
    expect(read(line)).toMatchObject({ kind: 'header', addresses: { sourceAddress: address } });
    expect(
      read(
        'PROXY UNKNOWN ffff:f00f:ffff:ffff:ffff:ffff:ffff:ffff ffff:f00f:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n',
      ),
    ).toEqual({ kind: 'header', length: 107, addresses: undefined });
  });

  it.each(['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN 1 2 3\r\n'])('leaves the client unknown: %j', (line) => {
    expect(read(line)).toEqual({ kind: 'header', length: line.length, addresses: undefined });
  });

  it.each([
    ['another protocol', 'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n', 'protocol'],
    ['a protocol in lower case', 'PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n', 'protocol'],
    ['an IPv6 address as TCP4', 'PROXY TCP4 ::1 ::1 1 2\r\n', 'addresses'],
    ['an IPv4 address as TCP6', 'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n', 'addresses'],
    ['a zone', 'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'addresses'],
    ['a port beyond 65535', 'PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n', 'addresses'],
    ['a port with a leading zero', 'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n', 'addresses'],
    ['a leading zero in the address', 'PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n', 'addresses'],
    ['two spaces', 'PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n', 'addresses'],
    ['a word too many', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n', 'addresses'],
    ['a word too few', 'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n', 'addresses'],
    ['a bare LF', `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n${'x'.repeat(107)}\r\n`, 'line-length'],
    ['no end within 107 bytes', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'line-length'],
  ])('with %s is at fault', (_what, line, rule) => {
    expect(read(line)).toEqual({ kind: 'fault', rule });
  });
});

describe('a PROXY header of version 2', () => {
  it('names an IPv4 client', () => {
    expect(read(version2(0x21, 0x11, INET))).toEqual({
      kind: 'header',
      length: 28,
      addresses: INET_ADDRESSES,
    });
  });

  it('names an IPv6 client', () => {
    const rest = Buffer.concat([ipBytesOf('2001:db8::1'), ipBytesOf('::1'), Buffer.from([0, 80, 1, 187])]);
    expect(read(version2(0x21, 0x21, rest.toString('latin1')))).toMatchObject({
      addresses: {
        sourceAddress: '2001:db8::1',
        destinationAddress: '::1',
        sourcePort: 80,
        destinationPort: 443,
      },
    });
  });

  it.each([
    ['LOCAL', 0x20, 0x00, ''],
    ['LOCAL with addresses, which are ignored', 0x20, 0x11, INET],
    ['LOCAL with a reserved family', 0x20, 0xff, 'anything'],
    ['AF_UNSPEC', 0x21, 0x00, ''],
    ['AF_UNIX', 0x21, 0x31, 'x'.repeat(216)],
    ['datagrams', 0x21, 0x12, INET],
  ])('leaves the client to the connection: %s', (_what, command, family, rest) => {
    expect(read(version2(command, family, rest))).toEqual({
      kind: 'header',
      length: 16 + rest.length,
      addresses: undefined,
    });
  });

  it('may hold TLVs, which are skipped', () => {
    const tlvs = `${bytes(1, 0, 2)}h2${bytes(0xee, 0, 0)}`;
    expect(read(version2(0x21, 0x11, INET + tlvs))).toMatchObject({
      length: 28 + 8,
      addresses: INET_ADDRESSES,
    });
  });

  it('may hold a checksum, which must be right', () => {
    const blank = version2(0x21, 0x11, `${INET}${bytes(3, 0, 4, 0, 0, 0, 0)}`);
    const whole = Buffer.from(blank);
    whole.writeUInt32BE(crc32c(blank), 31);
    expect(read(whole)).toMatchObject({ kind: 'header', addresses: INET_ADDRESSES });
    whole.writeUInt8(193, 16);
    expect(read(whole)).toEqual({ kind: 'fault', rule: 'checksum' });
  });

  it('verifies the checksum of LOCAL too', () => {
    expect(read(version2(0x20, 0x00, bytes(3, 0, 4, 1, 2, 3, 4)))).toEqual({
      kind: 'fault',
      rule: 'checksum',
    });
  });

  it.each([
    ['another version', version2(0x11, 0x11, INET), 'version'],
    ['another command', version2(0x22, 0x11, INET), 'command'],
    ['a reserved family', version2(0x21, 0x41, INET), 'family'],
    ['a reserved transport', version2(0x21, 0x13, INET), 'family'],
    ['too few bytes for its addresses', version2(0x21, 0x11, INET.slice(1)), 'address-length'],
    ['a TLV that is cut off', version2(0x21, 0x11, `${INET}${bytes(1, 0)}`), 'tlv-length'],
    ['a TLV that is longer than the header', version2(0x21, 0x11, `${INET}${bytes(1, 0, 9)}x`), 'tlv-length'],
    ['more than 4096 bytes', version2(0x21, 0x11, INET, 4081), 'header-length'],
  ])('with %s is at fault', (_what, header, rule) => {
    expect(read(header)).toEqual({ kind: 'fault', rule });
  });
});

describe('the reader of PROXY headers', () => {
  const ports = fc.integer({ min: 0, max: 65_535 });
  const addresses = fc
    .oneof(fc.tuple(fc.ipV4(), fc.ipV4()), fc.tuple(fc.ipV6(), fc.ipV6()))
    .map(
      ([source, destination]) =>
        [source, destination].map((text) => ipTextOf(ipBytesOf(text))) as [string, string],
    );
  const proxied = fc
    .tuple(addresses, ports, ports)
    .map(([[sourceAddress, destinationAddress], sourcePort, destinationPort]): ProxiedAddresses => ({
      sourceAddress,
      sourcePort,
      destinationAddress,
      destinationPort,
    }));
  const version = fc.constantFrom('v1' as const, 'v2' as const);
  const plain = (text: string): string => text.replace(/^::ffff:(?=.*\.)/, '');

  it('reads back what was written, however it is split and whatever follows', () => {
    const property = fc.property(version, proxied, fc.string(), (wanted, client, rest) => {
      const header = proxyHeader(wanted, client);
      for (let end = 0; end < header.length; end += 1)
        expect(readProxyHeader(header.subarray(0, end))).toEqual({ kind: 'partial' });
      const reading = readProxyHeader(Buffer.concat([header, Buffer.from(rest)]));
      if (reading.kind !== 'header' || reading.addresses === undefined) throw new Error('no header');
      expect(reading.length).toBe(header.length);
      expect(plain(reading.addresses.sourceAddress)).toBe(plain(client.sourceAddress));
      expect(plain(reading.addresses.destinationAddress)).toBe(plain(client.destinationAddress));
      expect(reading.addresses).toMatchObject({
        sourcePort: client.sourcePort,
        destinationPort: client.destinationPort,
      });
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('neither throws nor waits for ever, whatever bytes come', () => {
    const beginning = fc.constantFrom('', 'PROXY ', SIGNATURE, `${SIGNATURE}\x21\x11`, `${SIGNATURE}\x20`);
    const property = fc.property(
      beginning,
      fc.uint8Array({ maxLength: 5000, size: 'max' }),
      (start, more) => {
        const all = Buffer.concat([Buffer.from(start, 'latin1'), more]);
        const reading = readProxyHeader(all);
        if (all.length > 4096) expect(reading.kind).not.toBe('partial');
        if (reading.kind === 'header') expect(reading.length).toBeLessThanOrEqual(all.length);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it.each(['GET / HTTP/1.1\r\n', '\x16\x03\x01', 'PROXX', '\r\n\r\nx'])('knows that %j is none', (text) => {
    expect(read(text)).toEqual({ kind: 'absent' });
  });
});

describe('the writer of PROXY headers', () => {
  const mixed = {
    sourceAddress: '::ffff:192.0.2.1',
    sourcePort: 1,
    destinationAddress: '2001:db8::1',
    destinationPort: 2,
  };

  it('writes two families as one, and mapped addresses as what they are', () => {
    expect(proxyHeader('v1', mixed).toString()).toBe('PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n');
    const both = { ...mixed, destinationAddress: '::ffff:192.0.2.9' };
    expect(proxyHeader('v1', both).toString()).toBe('PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n');
  });

  it('says so when it does not know the client', () => {
    const unknown = { ...mixed, sourceAddress: '' };
    expect(proxyHeader('v1', unknown).toString()).toBe('PROXY UNKNOWN\r\n');
    expect(read(proxyHeader('v2', unknown))).toEqual({ kind: 'header', length: 16, addresses: undefined });
  });

  it('has a header for connections that stand for no client', () => {
    for (const version of ['v1', 'v2'] as const) {
      const text = localProxyHeader(version);
      expect(read(text)).toEqual({ kind: 'header', length: text.length, addresses: undefined });
    }
    expect(localProxyHeader('v2').codePointAt(12)).toBe(0x20);
  });
});

describe('crc32c', () => {
  it('gives the check value of the algorithm', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });
});

describe('an IP address', () => {
  it('goes from text to bytes and back', () => {
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const once = ipTextOf(ipBytesOf(text));
      expect(ipTextOf(ipBytesOf(once))).toBe(once);
      expect(new URL(`http://${text.includes(':') ? `[${once}]` : once}`).hostname).toBe(
        new URL(`http://${text.includes(':') ? `[${text}]` : text}`).hostname,
      );
    });
    fc.assert(property, { numRuns: 500 });
  });
});
