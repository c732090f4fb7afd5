/** Owns the two messages of gRPC health checking: `HealthCheckRequest { string service = 1 }`, `HealthCheckResponse { enum status = 1 }`. */

/** Length-prefixed as gRPC over HTTP/2 sends it: a flag for compression, four bytes of length. */
const PREFIX_BYTES = 5;
const SERVICE_FIELD = 0x0a;

export const encodeHealthRequest = (service: string): Buffer => {
  const name = Buffer.from(service);
  const message =
    name.length === 0
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.from([SERVICE_FIELD]), varint(name.length), name]);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

/** The status, 0 when the field is left out (the default of proto3); undefined when the message is malformed or compressed. */
export const decodeHealthStatus = (framed: Buffer): number | undefined => {
  if (framed.length < PREFIX_BYTES || framed[0] !== 0) return undefined;
  if (framed.readUInt32BE(1) !== framed.length - PREFIX_BYTES) return undefined;
  let status = 0;
  let at = PREFIX_BYTES;
  while (at < framed.length) {
    const field = readVarint(framed, at);
    const value = field === undefined ? undefined : readField(framed, field.next, field.value & 7);
    if (field === undefined || value === undefined) return undefined;
    if (field.value === 0x08) status = value.value;
    at = value.next;
  }
  return status;
};

interface Read {
  readonly value: number;
  readonly next: number;
}

/** Fields that are not known are skipped, as proto3 asks. */
const readField = (bytes: Buffer, at: number, wireType: number): Read | undefined => {
  if (wireType === 0) return readVarint(bytes, at);
  if (wireType === 1) return within(bytes, at + 8);
  if (wireType === 5) return within(bytes, at + 4);
  const length = wireType === 2 ? readVarint(bytes, at) : undefined;
  return length === undefined ? undefined : within(bytes, length.next + length.value);
};

const within = (bytes: Buffer, next: number): Read | undefined =>
  next <= bytes.length ? { value: 0, next } : undefined;

const readVarint = (bytes: Buffer, start: number): Read | undefined => {
  let value = 0;
  for (let index = 0; index < 10; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    if (index < 5) value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: start + index + 1 };
  }
  return undefined;
};

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
};
