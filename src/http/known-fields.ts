/**
 * Owns the fields that Torus itself acts on, each with a small number, so that the hot path asks a table instead of
 * comparing names. A name that is not here is `OTHER`.
 */

export const OTHER = 0;
export const REMOVED = 1;
export const HOST = 2;
export const CONNECTION = 3;
export const KEEP_ALIVE = 4;
export const PROXY_CONNECTION = 5;
export const TRANSFER_ENCODING = 6;
export const CONTENT_LENGTH = 7;
export const TE = 8;
export const UPGRADE = 9;
export const EXPECT = 10;
export const PROXY_AUTHORIZATION = 11;
export const HTTP2_SETTINGS = 12;
export const DATE = 13;
export const TRAILER = 14;
export const FORWARDED = 15;
export const X_FORWARDED_FOR = 16;
export const X_FORWARDED_PROTO = 17;
export const X_FORWARDED_HOST = 18;
export const X_FORWARDED_PORT = 19;
export const X_REAL_IP = 20;
export const X_REQUEST_ID = 21;
export const VIA = 22;
export const X_TORUS_TRACE = 23;

const NAMES: readonly (readonly [name: string, kind: number])[] = [
  ['host', HOST],
  ['connection', CONNECTION],
  ['keep-alive', KEEP_ALIVE],
  ['proxy-connection', PROXY_CONNECTION],
  ['transfer-encoding', TRANSFER_ENCODING],
  ['content-length', CONTENT_LENGTH],
  ['te', TE],
  ['upgrade', UPGRADE],
  ['expect', EXPECT],
  ['proxy-authorization', PROXY_AUTHORIZATION],
  ['http2-settings', HTTP2_SETTINGS],
  ['date', DATE],
  ['trailer', TRAILER],
  ['forwarded', FORWARDED],
  ['x-forwarded-for', X_FORWARDED_FOR],
  ['x-forwarded-proto', X_FORWARDED_PROTO],
  ['x-forwarded-host', X_FORWARDED_HOST],
  ['x-forwarded-port', X_FORWARDED_PORT],
  ['x-real-ip', X_REAL_IP],
  ['x-request-id', X_REQUEST_ID],
  ['via', VIA],
  ['x-torus-trace', X_TORUS_TRACE],
];

const BY_NAME: ReadonlyMap<string, number> = new Map(NAMES);

/** The number of a lower-case name. */
export const kindNamed = (name: string): number => BY_NAME.get(name) ?? OTHER;

interface Candidate {
  readonly codes: Uint8Array;
  readonly kind: number;
}

/** By length, then by first letter: at most one or two names are ever compared. */
const BY_LENGTH: readonly (readonly Candidate[])[] = Array.from({ length: 24 }, (_, length) =>
  NAMES.filter(([name]) => name.length === length).map(([name, kind]) => ({
    codes: Buffer.from(name),
    kind,
  })),
);

/** True when the bytes from `start` are the given lower-case name, in any case. The bytes must be token characters. */
function isNamed(bytes: Uint8Array, start: number, codes: Uint8Array): boolean {
  for (let index = 0; index < codes.length; index += 1) {
    if (((bytes[start + index] ?? 0) | 0x20) !== codes[index]) return false;
  }
  return true;
}

/** The number of the field name in `bytes[start, end)`, which must be token characters already. */
export function kindOf(bytes: Uint8Array, start: number, end: number): number {
  const candidates = BY_LENGTH[end - start];
  if (candidates === undefined) return OTHER;
  for (const candidate of candidates) {
    if (isNamed(bytes, start, candidate.codes)) return candidate.kind;
  }
  return OTHER;
}
