import type { EndpointConfig, UpstreamConfig } from '../../contracts/config.js';
import type { Overload } from '../../contracts/overload.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { BusyEndpoint } from './connection-home.js';
import type { ConnectionAllowance } from './connection-allowance.js';
import type { ConnectionPool } from './connection-pool.js';
import { dialerFor } from './dialer.js';
import { Http1Pool } from './http1-pool.js';
import { Http2Pool } from './http2-pool.js';
import { NegotiatedPool } from './negotiated-pool.js';
import { sparingDialer } from './sparing-dialer.js';

export interface PoolServices {
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  /** Shared by the endpoints of an upstream that limits its connections. */
  readonly allowance?: ConnectionAllowance;
  /** Undefined for those who open no connection. */
  readonly overload?: Pick<Overload, 'mayConnect'> | undefined;
}

/** The pool that leads to an endpoint in the protocol that the upstream is configured for. */
export function createPool(
  endpoint: BusyEndpoint,
  config: EndpointConfig,
  upstream: UpstreamConfig,
  services: PoolServices,
): ConnectionPool {
  const dialer = dialerFor(config, upstream.tls);
  const options = {
    endpoint,
    upstream: upstream.name,
    allowance: services.allowance,
    limits: upstream.pool,
    http2: upstream.http2,
    connectTimeoutMs: upstream.connectTimeoutMs,
    dialer: services.overload === undefined ? dialer : sparingDialer(dialer, services.overload),
    timers: services.timers,
    telemetry: services.telemetry,
  };
  if (upstream.protocol === 'http2') return new Http2Pool({ ...options, onHttp1Chosen: undefined });
  if (upstream.protocol === 'auto' && config.scheme === 'https') return new NegotiatedPool(options);
  return new Http1Pool(options);
}
