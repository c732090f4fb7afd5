/** Owns the step from `upstreams` as written to upstreams as used. */
import type { UpstreamConfig, UpstreamHttp2Config } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import { formatAddress } from '../parse/address.js';
import type { UpstreamDocument } from '../schema/upstream/upstream-schema.js';
import { parseCertificates } from './certificates.js';
import { compileSlowStart, compileSticky } from './compile-balancing.js';
import { loadFile, type CompileContext } from './compile-context.js';
import { compileDiscovery } from './compile-discovery.js';
import { compileEjection, compileHealthCheck } from './compile-health.js';
import { compileAdaptiveConcurrency, compileLimits } from './compile-limits.js';
import { reportDuplicates } from './duplicates.js';

export function compileUpstreams(
  upstreams: Readonly<Record<string, UpstreamDocument>>,
  context: CompileContext,
): readonly UpstreamConfig[] {
  return Object.entries(upstreams).map(([name, upstream]) => compileUpstream(name, upstream, context));
}

function compileUpstream(name: string, upstream: UpstreamDocument, context: CompileContext): UpstreamConfig {
  const path: ConfigPath = ['upstreams', name];
  const { pool, tls, endpoints = [] } = upstream;
  if ((upstream.endpoints === undefined) === (upstream.discovery === undefined))
    context.report.error(path, 'must have one of `endpoints` and `discovery`');
  const addresses = endpoints.map((endpoint, index) => ({
    path: [...path, 'endpoints', index],
    value: formatAddress(endpoint),
  }));
  reportDuplicates(addresses, context.report);
  return {
    name,
    endpoints,
    discovery: compileDiscovery(upstream.discovery, [...path, 'discovery'], context),
    healthCheck: compileHealthCheck(upstream.healthCheck),
    outlierEjection: compileEjection(upstream.outlierEjection),
    panicThreshold: upstream.panicThreshold,
    balancer: upstream.balancer,
    sticky: upstream.sticky && compileSticky(upstream.sticky, name),
    slowStart: upstream.slowStart && compileSlowStart(upstream.slowStart),
    connectTimeoutMs: upstream.timeouts.connect,
    protocol: upstream.protocol,
    http2: compileHttp2(upstream.http2),
    tls: {
      verify: tls.verify,
      caPem: tls.ca === undefined ? undefined : loadAuthorities(tls.ca, [...path, 'tls', 'ca'], context),
      serverName: tls.serverName,
    },
    proxyProtocol: compileProxyProtocol(upstream, [...path, 'proxyProtocol'], context),
    pool: {
      maxConnections: pool.maxConnections,
      maxIdle: pool.maxIdle,
      idleTimeoutMs: pool.idleTimeout,
      maxPending: pool.maxPending,
      maxRequests: pool.maxRequests,
      pendingTimeoutMs: pool.pendingTimeout,
    },
    limits: compileLimits(upstream.limits),
    adaptiveConcurrency: compileAdaptiveConcurrency(upstream.adaptiveConcurrency),
    retryBudget: {
      share: upstream.retryBudget.percent / 100,
      minConcurrent: upstream.retryBudget.minConcurrent,
    },
  };
}

function compileHttp2(http2: UpstreamDocument['http2']): UpstreamHttp2Config {
  return {
    maxConcurrentStreams: http2.maxConcurrentStreams,
    streamWindowBytes: http2.streamWindow,
    connectionWindowBytes: http2.connectionWindow,
    pingIntervalMs: http2.pingInterval,
    pingTimeoutMs: http2.pingTimeout,
  };
}

function loadAuthorities(name: string, path: ConfigPath, context: CompileContext): string | undefined {
  const loaded = loadFile(name, 'CA file', path, context);
  if (loaded === undefined) return undefined;
  if (parseCertificates(loaded.text) !== undefined) return loaded.text;
  context.report.error(path, `CA file ${loaded.shown} holds no certificate in PEM form that can be read`);
  return undefined;
}

/** A header names one client for the whole connection; an HTTP/2 connection carries those of many. */
function compileProxyProtocol(
  { proxyProtocol, protocol }: UpstreamDocument,
  path: ConfigPath,
  context: CompileContext,
): UpstreamConfig['proxyProtocol'] {
  if (proxyProtocol !== undefined && protocol !== 'http1')
    context.report.error(path, `needs protocol http1: one connection of ${protocol} serves many clients`);
  return proxyProtocol;
}
