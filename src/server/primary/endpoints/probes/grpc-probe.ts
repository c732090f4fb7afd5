/** Owns the check by the gRPC health checking protocol: `grpc.health.v1.Health/Check` must answer SERVING. */
import { constants } from 'node:http2';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { decodeHealthStatus, encodeHealthRequest } from './grpc-health-messages.js';
import { openSession } from './http2-session.js';
import { detailOf, failed, passed, runProbe, USER_AGENT } from './probe.js';
import type { CheckResult, Probe } from './probe.js';

const MAX_MESSAGE_BYTES = 4096;
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;

export const probeGrpc: Probe<'grpc'> = (target, { service }) =>
  runProbe(target.timeoutMs, (settle) => {
    const session = openSession(target, settle);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': USER_AGENT,
      te: 'trailers',
    });
    listen(stream, settle);
    stream.end(encodeHealthRequest(service));
    return () => session.destroy();
  });

/** A status in the headers alone says that the call failed (a "trailers-only" response). */
const listen = (stream: ClientHttp2Stream, settle: (result: CheckResult) => void): void => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let grpcStatus: string | undefined;
  const note = (fields: IncomingHttpHeaders): void => {
    const status = fields['grpc-status'];
    if (status !== undefined) grpcStatus = String(status);
  };
  stream.on('response', (fields) => {
    if (fields[':status'] !== 200) settle(failed(`status ${String(fields[':status'])}`));
    note(fields);
  });
  stream.on('trailers', note);
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_MESSAGE_BYTES) settle(failed('message too large'));
    else chunks.push(chunk);
  });
  stream.on('end', () => settle(judge(grpcStatus, Buffer.concat(chunks))));
  stream.on('error', (error) => settle(failed(detailOf(error))));
};

const judge = (grpcStatus: string | undefined, message: Buffer): CheckResult => {
  if (grpcStatus !== '0') return failed(`grpc-status ${grpcStatus ?? 'missing'}`);
  const status = decodeHealthStatus(message);
  if (status === undefined) return failed('malformed message');
  const name = STATUS_NAMES[status] ?? String(status);
  return status === SERVING ? passed(name) : failed(name);
};
