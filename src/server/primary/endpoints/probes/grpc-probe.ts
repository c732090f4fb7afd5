/** Owns the check by the gRPC health checking protocol: `grpc.health.v1.Health/Check` must answer SERVING. */
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { isIPv6 } from 'node:net';
import { decodeHealthStatus, encodeHealthRequest } from './grpc-health-messages.js';
import { detailOf, failed, passed, runProbe, tlsOptionsFor } from './probe.js';
import type { CheckResult, Probe, ProbeTarget } from './probe.js';

const MAX_MESSAGE_BYTES = 4096;
const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const SERVING = 1;

export const probeGrpc: Probe<'grpc'> = (target, { service }) =>
  runProbe(target.timeoutMs, (settle) => {
    const session = openSession(target);
    session.on('error', (error) => settle(failed(detailOf(error))));
    session.on('close', () => settle(failed('closed')));
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': 'torus-health-check',
      te: 'trailers',
    });
    listen(stream, settle);
    stream.end(encodeHealthRequest(service));
    return () => session.destroy();
  });

const openSession = (target: ProbeTarget): ClientHttp2Session => {
  const { endpoint, port } = target;
  const name = endpoint.hostname ?? endpoint.host;
  const authority = `${endpoint.scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`;
  // The address that is dialled is the endpoint's, whatever name it goes by.
  const options = {
    host: endpoint.host,
    port,
    ...(endpoint.scheme === 'https' ? tlsOptionsFor(target) : {}),
  };
  return connect(authority, options);
};

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
