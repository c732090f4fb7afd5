/** Owns the step from `listeners` as written to listeners as served. */
import type { ListenerConfig, ListenerTlsConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import { formatAddress } from '../parse/address.js';
import type { ListenerDocument } from '../schema/listener/listener-schema.js';
import { loadCertificate } from './certificates.js';
import type { CompileContext } from './compile-context.js';
import { compileProxyProtocol } from './compile-proxy-protocol.js';
import { reportDuplicates } from './duplicates.js';

export function compileListeners(
  listeners: readonly ListenerDocument[],
  trustedProxies: readonly string[],
  context: CompileContext,
): readonly ListenerConfig[] {
  const names = listeners.map(({ name }, index) => ({ path: ['listeners', index, 'name'], value: name }));
  // In logs and metrics the listener of the admin API stands among them.
  reportDuplicates([{ path: ['admin'], value: 'admin' }, ...names], context.report);
  const fixed = listeners.flatMap((listener, index) =>
    listener.address.port === 0
      ? []
      : [{ path: ['listeners', index, 'address'], value: formatAddress(listener.address) }],
  );
  reportDuplicates(fixed, context.report);
  return listeners.map((listener, index) => {
    const path: ConfigPath = ['listeners', index];
    const proxyProtocol = compileProxyProtocol(listener, trustedProxies, [...path, 'proxyProtocol'], context);
    return { ...compileListener(listener, path, context), proxyProtocol };
  });
}

function compileListener(
  listener: ListenerDocument,
  path: ConfigPath,
  context: CompileContext,
): Omit<ListenerConfig, 'proxyProtocol'> {
  const { limits, http2, timeouts } = listener;
  return {
    name: listener.name,
    host: listener.address.host,
    port: listener.address.port,
    tls: listener.tls && compileTls(listener.tls, [...path, 'tls'], context),
    protocols: listener.protocols ?? (listener.tls === undefined ? ['http1'] : ['http1', 'http2']),
    http2: {
      maxConcurrentStreams: http2.maxConcurrentStreams,
      streamWindowBytes: http2.streamWindow,
      connectionWindowBytes: http2.connectionWindow,
    },
    limits: {
      requestLineBytes: limits.requestLine,
      headBytes: limits.head,
      headerCount: limits.headerCount,
      requestsPerConnection: limits.requestsPerConnection,
      connectionAgeMs: limits.connectionAge,
      bodyBytesPerSecond: limits.bodyRate,
      allowUnderscores: limits.allowUnderscores,
    },
    timeouts: {
      requestHeadMs: timeouts.requestHead,
      bodyGapMs: timeouts.bodyGap,
      writeGapMs: timeouts.writeGap,
      keepAliveMs: timeouts.keepAlive,
      tlsHandshakeMs: timeouts.tlsHandshake,
    },
  };
}

function compileTls(
  tls: NonNullable<ListenerDocument['tls']>,
  path: ConfigPath,
  context: CompileContext,
): ListenerTlsConfig {
  const certificates = tls.certificates.flatMap((files, index) => {
    const certificate = loadCertificate(files, [...path, 'certificates', index], context);
    return certificate === undefined ? [] : [certificate];
  });
  return { certificates, minVersion: tls.minVersion, sessionTickets: tls.sessionTickets };
}
