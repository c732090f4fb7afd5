/** Owns the access log as JSON lines: every documented field, escaped and bounded. Of no URL the query. */
import type { AccessLogSource } from '../../contracts/config.js';
import type { Exchange, GrpcCall } from '../../contracts/exchange.js';
import type { ExchangeFlow } from '../../contracts/flow.js';
import type { AskedFor } from '../../contracts/message.js';
import type { RejectedRequest } from '../../contracts/telemetry.js';
import type { ExchangeTrace } from '../../contracts/tracing.js';
import { escapedBytes, harmlessLines, textOfBytes } from '../../http/shown-text.js';
import { isUrlValue, loggedUrl } from '../../http/url-value.js';
import type { AccessLogLines } from './access-log.js';

const INFO = '"level":"info"';
// Longer values are cut: a line is bounded whatever a client sends.
const MAX_VALUE_LENGTH = 1024;
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/;

/** `fields` are added to the line of each exchange, those that have a value, as the object `fields`. */
export const jsonLines = (pid: number, fields: Readonly<Record<string, AccessLogSource>>): AccessLogLines => {
  const tail = `,"pid":${pid},"role":"worker","msg":"access"}\n`;
  const extra = extraPartOf(fields);
  return {
    completed: (exchange, nowMs) =>
      `{${INFO},"time":${nowMs}${requestPart(exchange)}${outcomePart(exchange)}${timingPart(exchange)}${extra(exchange)}${tail}`,
    rejected: (request, nowMs) => `{${INFO},"time":${nowMs}${rejectedPart(request)}${tail}`,
  };
};

const rejectedPart = (request: RejectedRequest): string =>
  `,"id":${quote(request.id)}${request.asked === undefined ? '' : askedPart(request.asked)},"status":${request.status},"cause":${quote(request.cause)}${text('detail', request.detail)}` +
  `,"listener":${quote(request.listener)},"client":${quote(request.client)}`;

type ExchangePart = (exchange: Exchange) => string;

const extraPartOf = (fields: Readonly<Record<string, AccessLogSource>>): ExchangePart => {
  const sources = Object.entries(fields);
  if (sources.length === 0) return () => '';
  return (exchange) => {
    const members = sources.flatMap(([name, source]) => {
      const value = quotedValue(source, exchange);
      return value === undefined ? [] : [`${quote(name)}:${value}`];
    });
    return members.length === 0 ? '' : `,"fields":{${members.join(',')}}`;
  };
};

const quotedValue = ({ kind, name }: AccessLogSource, exchange: Exchange): string | undefined => {
  if (kind === 'header') {
    const value = exchange.request.fields.get(name);
    return value === undefined ? undefined : quoteField(isUrlValue(name, value) ? loggedUrl(value) : value);
  }
  const claim = exchange.identity?.claims[name];
  if (claim === undefined) return undefined;
  return quote(typeof claim === 'string' ? claim : JSON.stringify(claim));
};

// Built by hand because this runs for every request: half the cost of a general serialiser.
const requestPart = (exchange: Exchange): string => {
  const { request, client } = exchange;
  return (
    `,"id":${quote(exchange.id)}${tracePart(exchange.trace)}${askedPart(request)},"client":${quote(client.address)},"listener":${quote(client.listener)}` +
    agentPart(request.fields.get('user-agent'))
  );
};

const askedPart = ({ method, host, path, query, httpVersion }: AskedFor): string =>
  `,"method":${quote(method)},"host":${quote(host)},"path":${quote(path)}${query === '' ? '' : ',"query":true'}` +
  `,"httpVersion":"${httpVersion}"`;

const agentPart = (agent: string | undefined): string =>
  agent === undefined ? '' : `,"userAgent":${quoteField(agent)}`;

/** Whether the trace is recorded is said too: not every trace id leads somewhere. */
const tracePart = (trace: ExchangeTrace | undefined): string =>
  trace === undefined
    ? ''
    : `,"traceId":"${trace.traceId}","spanId":"${trace.spanId}","sampled":${trace.sampled}`;

const outcomePart = (exchange: Exchange): string =>
  `,"status":${exchange.status}${grpcPart(exchange.grpc)},"cause":"${exchange.cause ?? 'ok'}"${text('detail', exchange.detail)}` +
  `${text('route', exchange.route?.name)}${text('upstream', exchange.upstream)}${text('endpoint', exchange.endpoint)}` +
  `,"attempts":${exchange.attempts}${failures(exchange)},"reused":${exchange.reusedConnection}`;

/** Only of gRPC calls, and of those only where a status was sent. */
const grpcPart = (call: GrpcCall | undefined): string =>
  call === undefined || call.status < 0 ? '' : `,"grpcStatus":${call.status}`;

const failures = ({ failedAttempts }: Exchange): string =>
  failedAttempts === undefined ? '' : `,"failedAttempts":${JSON.stringify(failedAttempts)}`;

const timingPart = (exchange: Exchange): string =>
  `,"requestBytes":${exchange.requestBytes},"responseBytes":${exchange.responseBytes}` +
  `,"durationMs":${round(exchange.durationMs)}` +
  `${reached('connectMs', exchange.connectedAfterMs)}${reached('responseHeadMs', exchange.responseHeadAfterMs)}` +
  flowPart(exchange.flow);

/** Only of exchanges that streamed, or were blocked. */
const flowPart = (flow: ExchangeFlow | undefined): string =>
  flow === undefined
    ? ''
    : `,"blockedOnClientMs":${round(flow.blockedOnClientMs)},"blockedOnUpstreamMs":${round(flow.blockedOnUpstreamMs)}` +
      `,"peakBufferedBytes":${flow.peakBufferedBytes}`;

const text = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${quote(value)}`;

const reached = (name: string, afterMs: number): string =>
  afterMs < 0 ? '' : `,"${name}":${round(afterMs)}`;

const round = (durationMs: number): number => Math.round(durationMs * 1000) / 1000;

const cut = (value: string): string =>
  value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value;

const quote = (value: string): string => {
  const bounded = cut(value);
  return NEEDS_ESCAPE.test(bounded) ? harmlessLines(JSON.stringify(bounded)) : `"${bounded}"`;
};

/** The value of a field as the text that its bytes are. Where they are none, they are escaped. */
const quoteField = (value: string): string => {
  const bounded = cut(value);
  if (!NEEDS_ESCAPE.test(bounded)) return `"${bounded}"`;
  const text = textOfBytes(value);
  return text === undefined ? escapedBytes(JSON.stringify(bounded)) : quote(text);
};
