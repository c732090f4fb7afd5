import type { EndpointConfig, UpstreamConfig } from '../../contracts/config.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { AttemptObserver, Checkout, CheckoutOptions, Endpoint } from '../../contracts/upstream.js';
import type { ConnectionAllowance } from './connection-allowance.js';
import type { ConnectionPool } from './connection-pool.js';
import { dialerFor } from './dialer.js';
import { Http1Pool } from './http1-pool.js';

export interface UpstreamServices {
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  /** Shared by the endpoints of an upstream that limits its connections. */
  readonly allowance?: ConnectionAllowance;
}

/** Owns one address of an upstream in this worker: who it is, how busy it is, and the pool that leads to it. */
export class UpstreamEndpoint implements Endpoint {
  readonly label: string;
  readonly authority: string;
  readonly weight: number;
  active = 0;
  private readonly pool: ConnectionPool;

  constructor(config: EndpointConfig, upstream: UpstreamConfig, services: UpstreamServices) {
    this.label = `${config.host}:${String(config.port)}`;
    this.authority = authorityOf(config);
    this.weight = config.weight;
    this.pool = new Http1Pool({
      endpoint: this,
      upstream: upstream.name,
      allowance: services.allowance,
      limits: upstream.pool,
      connectTimeoutMs: upstream.connectTimeoutMs,
      dialer: dialerFor(config, upstream.tls),
      timers: services.timers,
      telemetry: services.telemetry,
    });
  }

  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    return this.pool.checkout(observer, options);
  }

  dispose(): void {
    this.pool.dispose();
  }
}

function authorityOf({ scheme, host, port }: EndpointConfig): string {
  const isDefault = port === (scheme === 'https' ? 443 : 80);
  return isDefault ? host : `${host}:${String(port)}`;
}
