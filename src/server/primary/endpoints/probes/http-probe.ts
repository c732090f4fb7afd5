/** Owns the check that asks for a path and judges the status. Redirects are not followed; the body is not read. */
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIPv6 } from 'node:net';
import { detailOf, failed, passed, runProbe, tlsOptionsFor } from './probe.js';
import type { Probe, ProbeTarget } from './probe.js';

const MAX_HEAD_BYTES = 16 * 1024;

export const probeHttp: Probe<'http'> = (target, config) =>
  runProbe(target.timeoutMs, (settle) => {
    const { endpoint, port } = target;
    const options = {
      host: endpoint.host,
      port,
      method: config.method,
      path: config.path,
      headers: {
        host: config.host ?? authorityOf(target),
        'user-agent': 'torus-health-check',
        connection: 'close',
        ...(config.method === 'POST' ? { 'content-length': '0' } : {}),
      },
      // A connection of its own: a kept one would say nothing of whether new ones are accepted.
      agent: false as const,
      maxHeaderSize: MAX_HEAD_BYTES,
    };
    const request =
      endpoint.scheme === 'https'
        ? requestTls({ ...options, ...tlsOptionsFor(target) })
        : requestPlain(options);
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      // It is destroyed before its end.
      response.on('error', () => undefined);
      const isExpected = config.expect.some(([from, to]) => status >= from && status <= to);
      settle(isExpected ? passed(String(status)) : failed(String(status)));
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      settle(failed(String(response.statusCode)));
    });
    request.on('error', (error) => settle(failed(detailOf(error))));
    request.end();
    return () => request.destroy();
  });

const authorityOf = ({ endpoint, port }: ProbeTarget): string => {
  const name = endpoint.hostname ?? (isIPv6(endpoint.host) ? `[${endpoint.host}]` : endpoint.host);
  return port === (endpoint.scheme === 'https' ? 443 : 80) ? name : `${name}:${port}`;
};
