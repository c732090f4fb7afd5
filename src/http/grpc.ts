import type { Cause } from '../contracts/cause.js';
import type { GrpcCall } from '../contracts/exchange.js';
import type { Fields } from '../contracts/fields.js';
import type { RequestHead } from '../contracts/message.js';

/**
 * Owns the rules of gRPC over HTTP/2 (grpc.io, PROTOCOL-HTTP2.md) as far as a gateway keeps them: what a call is, its deadline,
 * and how an answer that is not the service's becomes a status.
 */

/** `application/grpc`, alone or with `+proto`, `+json` ...; not grpc-web, whose clients read HTTP statuses. */
const CONTENT_TYPE = /^application\/grpc(?:$|[+; \t])/i;

/** The call that a request makes; undefined for everything that is not gRPC. */
export function grpcCallOf({ method, fields }: RequestHead): GrpcCall | undefined {
  if (method !== 'POST' || !CONTENT_TYPE.test(fields.get('content-type') ?? '')) return undefined;
  return { status: -1, deadlineAtMs: Infinity };
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** `grpc-timeout` in milliseconds, at least one; undefined when there is none, or none that can be read. */
export function parseGrpcTimeout(value: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(value ?? '') ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Math.max(1, Math.ceil(Number(digits) * (UNIT_MS[unit] ?? 1)));
}

const MAX_DIGITS = 1e8;

/** What is left of a deadline, in as fine a unit as eight digits allow. */
export function formatGrpcTimeout(leftMs: number): string {
  const ms = Math.max(1, Math.floor(leftMs));
  if (ms < MAX_DIGITS) return `${String(ms)}m`;
  const seconds = Math.floor(ms / 1000);
  return seconds < MAX_DIGITS ? `${String(seconds)}S` : `${String(Math.floor(seconds / 3600))}H`;
}

/** The field line that passes a call's deadline on; empty where there is none. */
export function grpcTimeoutLine(call: GrpcCall | undefined, nowMs: number): string {
  if (call === undefined || call.deadlineAtMs === Infinity) return '';
  return `grpc-timeout: ${formatGrpcTimeout(call.deadlineAtMs - nowMs)}\r\n`;
}

const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;

/** grpc.io, http-grpc-status-mapping.md; 413 and 431, which it leaves out, are limits that were passed. */
const STATUS_OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  413: 8,
  429: 14,
  431: 8,
  502: 14,
  503: 14,
  504: 14,
};

/** The status of a call that Torus answers itself. */
export function grpcStatusOf(status: number, cause: Cause): number {
  if (cause === 'upstream.exchange.timeout') return DEADLINE_EXCEEDED;
  return STATUS_OF_HTTP[status] ?? UNKNOWN;
}

/** The status that a head or trailers hold; -1 for none. */
export function grpcStatusIn(fields: Fields | undefined): number {
  const status = fields?.get('grpc-status');
  return status !== undefined && /^\d{1,3}$/.test(status) ? Number(status) : -1;
}

/** `grpc-message`: UTF-8, of which all but printable ASCII is percent-encoded, and the percent sign too. */
export function encodeGrpcMessage(message: string): string {
  let encoded = '';
  for (const byte of Buffer.from(message, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
