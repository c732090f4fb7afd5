/** Owns the check that asks for a path and judges the status. Redirects are not followed; the body is not read. */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import type { HealthProbeConfig } from '../../../../contracts/upstream-config.js';
import { endpointAuthority } from '../../../../http/endpoint-address.js';
import { openSession } from './http2-session.js';
import { detailOf, failed, passed, runProbe, tlsOptionsFor, USER_AGENT } from './probe.js';
import type { CheckResult, Probe, ProbeTarget } from './probe.js';
import { proxiedSocketFor } from './proxied-socket.js';

type HttpProbeConfig = Extract<HealthProbeConfig, { kind: 'http' }>;

const MAX_HEAD_BYTES = 16 * 1024;

export const probeHttp: Probe<'http'> = (target, config) =>
  runProbe(target.timeoutMs, (settle) =>
    target.http2 ? askOverHttp2(target, config, settle) : askOverHttp1(target, config, settle),
  );

type Ask = (
  target: ProbeTarget,
  config: HttpProbeConfig,
  settle: (result: CheckResult) => void,
) => () => void;

const askOverHttp1: Ask = (target, config, settle) => {
  const { endpoint, port } = target;
  const createConnection = proxiedSocketFor(target, ['http/1.1']);
  const options = {
    host: endpoint.host,
    port,
    method: config.method,
    path: config.path,
    headers: {
      host: config.host ?? endpointAuthority(target.endpoint, target.port),
      'user-agent': USER_AGENT,
      connection: 'close',
      ...(config.method === 'POST' ? { 'content-length': '0' } : {}),
    },
    // A connection of its own: a kept one would say nothing of whether new ones are accepted.
    ...(createConnection === undefined ? { agent: false as const } : { createConnection }),
    maxHeaderSize: MAX_HEAD_BYTES,
  };
  const request =
    endpoint.scheme === 'https'
      ? requestTls({ ...options, ...tlsOptionsFor(target) })
      : requestPlain(options);
  request.on('response', (response) => {
    // It is destroyed before its end.
    response.on('error', () => undefined);
    settle(judge(response.statusCode ?? 0, config));
  });
  request.on('upgrade', (response, socket) => {
    socket.destroy();
    settle(judge(response.statusCode ?? 0, config));
  });
  request.on('error', (error) => settle(failed(detailOf(error))));
  request.end();
  return () => request.destroy();
};

const askOverHttp2: Ask = (target, config, settle) => {
  const session = openSession(target, settle);
  const stream = session.request(
    {
      ':method': config.method,
      ':path': config.path,
      ':authority': config.host ?? endpointAuthority(target.endpoint, target.port),
      'user-agent': USER_AGENT,
    },
    { endStream: true },
  );
  stream.on('response', (fields) => settle(judge(fields[':status'] ?? 0, config)));
  stream.on('error', (error) => settle(failed(detailOf(error))));
  // Nobody reads the body; it must not fill the window before the head has been judged.
  stream.resume();
  return () => session.destroy();
};

const judge = (status: number, { expect }: HttpProbeConfig): CheckResult => {
  const isExpected = expect.some(([from, to]) => status >= from && status <= to);
  return isExpected ? passed(String(status)) : failed(String(status));
};
