/** Owns the access log: one JSON line for each request that ended, written in batches. Never logs a query's values. */
import type { Exchange } from '../contracts/exchange.js';
import type { RejectedRequest } from '../contracts/telemetry.js';
import type { LineSink } from './line-sink.js';

export interface AccessLogOptions {
  readonly sink: LineSink;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  readonly pid: number;
}

const INFO = '"level":"info"';
// Longer values are cut: a line is bounded whatever a client sends.
const MAX_VALUE_LENGTH = 1024;
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/;

export class AccessLog {
  readonly #sink: LineSink;
  readonly #now: () => number;
  readonly #tail: string;

  constructor(options: AccessLogOptions) {
    this.#sink = options.sink;
    this.#now = () => options.now();
    this.#tail = `,"pid":${options.pid},"role":"worker","msg":"access"}\n`;
  }

  /** Lines lost because stdout's reader was too slow. */
  get dropped(): number {
    return this.#sink.dropped;
  }

  completed(exchange: Exchange): void {
    this.#sink.write(
      `${this.#begin()}${requestPart(exchange)}${outcomePart(exchange)}${timingPart(exchange)}${this.#tail}`,
    );
  }

  rejected(request: RejectedRequest): void {
    this.#sink.write(
      `${this.#begin()},"id":${quote(request.id)},"status":${request.status},"cause":${quote(request.cause)}${text('detail', request.detail)}` +
        `,"listener":${quote(request.listener)},"client":${quote(request.client)}${this.#tail}`,
    );
  }

  /** Resolves when the lines so far are written, or after a short while. */
  flush(): Promise<void> {
    return this.#sink.flush();
  }

  /** Writes what is still held before it returns. Call it last. */
  close(): void {
    this.#sink.close();
  }

  #begin(): string {
    return `{${INFO},"time":${this.#now()}`;
  }
}

// Built by hand because this runs for every request: half the cost of a general serialiser.
const requestPart = (exchange: Exchange): string => {
  const { request, client } = exchange;
  return (
    `,"id":${quote(exchange.id)},"method":${quote(request.method)},"host":${quote(request.host)}` +
    `,"path":${quote(request.path)}${request.query === '' ? '' : ',"query":true'}` +
    `,"httpVersion":"${request.httpVersion}","client":${quote(client.address)},"listener":${quote(client.listener)}` +
    text('userAgent', request.fields.get('user-agent'))
  );
};

const outcomePart = (exchange: Exchange): string =>
  `,"status":${exchange.status},"cause":"${exchange.cause ?? 'ok'}"${text('detail', exchange.detail)}` +
  `${text('route', exchange.route?.name)}${text('upstream', exchange.upstream)}${text('endpoint', exchange.endpoint)}` +
  `,"attempts":${exchange.attempts}${failures(exchange)},"reused":${exchange.reusedConnection}`;

const failures = ({ failedAttempts }: Exchange): string =>
  failedAttempts === undefined ? '' : `,"failedAttempts":${JSON.stringify(failedAttempts)}`;

const timingPart = (exchange: Exchange): string =>
  `,"requestBytes":${exchange.requestBytes},"responseBytes":${exchange.responseBytes}` +
  `,"durationMs":${round(exchange.durationMs)}` +
  `${reached('connectMs', exchange.connectedAfterMs)}${reached('responseHeadMs', exchange.responseHeadAfterMs)}`;

const text = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${quote(value)}`;

const reached = (name: string, afterMs: number): string =>
  afterMs < 0 ? '' : `,"${name}":${round(afterMs)}`;

const round = (durationMs: number): number => Math.round(durationMs * 1000) / 1000;

const quote = (value: string): string => {
  const bounded = value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value;
  return NEEDS_ESCAPE.test(bounded) ? JSON.stringify(bounded) : `"${bounded}"`;
};
