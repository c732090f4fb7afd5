import type { PoolConfig } from '../../contracts/config.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { AttemptObserver, Checkout, CheckoutOptions } from '../../contracts/upstream.js';
import { safeFailure } from './attempt-failure.js';
import type { AllowanceMember, ConnectionAllowance } from './connection-allowance.js';
import type { BusyEndpoint, ConnectionHome, PooledConnection } from './connection-home.js';
import type { ConnectionPool, PoolCensus } from './connection-pool.js';
import type { Dialer } from './dialer.js';
import { evictable } from './evictable.js';
import { Http1UpstreamConnection } from './http1-upstream-connection.js';

/**
 * Owns the HTTP/1.1 connections of this worker to one endpoint: kept alive, last in first out (the one used last is the least likely
 * to be stale), bounded in number, with a bounded queue of exchanges that wait.
 */

export interface Http1PoolOptions {
  readonly endpoint: BusyEndpoint;
  /** Name of the upstream, for the counts. */
  readonly upstream: string;
  readonly limits: PoolConfig;
  /** What the pools of the upstream have together, where that is limited. */
  readonly allowance: ConnectionAllowance | undefined;
  readonly connectTimeoutMs: number;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
}

export class Http1Pool implements ConnectionPool, ConnectionHome, AllowanceMember {
  readonly endpoint: BusyEndpoint;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly idleTimeoutMs: number;
  private readonly options: Http1PoolOptions;
  private readonly connections = new Set<PooledConnection>();
  private readonly idle: PooledConnection[] = [];
  private readonly pending = new Set<PendingCheckout>();
  private disposed = false;

  constructor(options: Http1PoolOptions) {
    this.options = options;
    this.endpoint = options.endpoint;
    this.dialer = options.dialer;
    this.timers = options.timers;
    this.telemetry = options.telemetry;
    this.idleTimeoutMs = options.limits.idleTimeoutMs;
    options.allowance?.join(this);
  }

  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const idle = options.connection === 'pooled' ? this.takeIdle(options.preamble) : undefined;
    if (idle !== undefined) {
      idle.assign(observer, options);
      return idle;
    }
    // The limit counts idle ones too: the oldest makes room for one that can be used.
    if (this.takePlace() || this.yieldIdle()) return this.dial(observer, options);
    return this.wait(observer, options);
  }

  /** Last in first out. With a preamble, of the connections that began with it. */
  private takeIdle(preamble: string | undefined): PooledConnection | undefined {
    if (preamble === undefined) return this.idle.pop();
    const at = this.idle.findLastIndex((connection) => connection.preamble === preamble);
    return at < 0 ? undefined : this.idle.splice(at, 1)[0];
  }

  /** Room for one more connection. */
  private takePlace(): boolean {
    const { limits, allowance } = this.options;
    return this.connections.size < limits.maxConnections && (allowance?.take(this) ?? true);
  }

  get waitingSinceMs(): number {
    const [first] = this.pending;
    return first?.sinceMs ?? Infinity;
  }

  yieldIdle(): boolean {
    const oldest = this.idle.shift();
    if (oldest === undefined) return false;
    oldest.destroy('replaced');
    this.connections.delete(oldest);
    return true;
  }

  putBack(connection: PooledConnection): void {
    const { limits, allowance } = this.options;
    if (allowance?.isWantedElsewhere(this) === true) {
      connection.destroy('replaced');
      return;
    }
    const next = this.nextPending(connection.preamble);
    if (next !== undefined) {
      next.resolve(connection);
      connection.assign(next.observer, next.options);
      return;
    }
    // With preambles somebody may wait who cannot use this one: it makes room.
    if (this.disposed || this.pending.size > 0 || this.idle.length >= limits.maxIdle) {
      connection.destroy(this.disposed ? 'disposed' : 'surplus');
      return;
    }
    this.idle.push(connection);
    connection.rest();
  }

  forget(connection: PooledConnection): void {
    const at = this.idle.lastIndexOf(connection);
    if (at >= 0) this.idle.splice(at, 1);
    if (!this.connections.delete(connection)) return;
    this.options.allowance?.give();
    this.dialForPending();
  }

  dialForPending(): boolean {
    const [next] = this.pending;
    if (next === undefined || !this.takePlace()) return false;
    next.resolve(this.dial(next.observer, next.options));
    return true;
  }

  /** A waiting checkout gave up or was served. */
  leaveQueue(pending: PendingCheckout): void {
    if (this.pending.delete(pending)) this.telemetry.upstreamPending(this.options.upstream, -1);
  }

  /** A checkout could not wait, or has waited for long enough. */
  overflow(observer: AttemptObserver, reason: 'full' | 'timeout'): void {
    this.telemetry.upstreamOverflow(this.options.upstream, `queue-${reason}`);
    observer.onAttemptFailed(safeFailure(`upstream.queue.${reason}`, this.endpoint.label));
  }

  census(): PoolCensus {
    const counts = { connecting: 0, idle: 0, active: 0, tunnels: 0 };
    for (const { state } of this.connections) counts[state] += 1;
    return { ...counts, waiting: this.pending.size, waitingCounted: 0 };
  }

  closeLongIdle(idleForMs: number): void {
    // The first has rested longest.
    const closed = this.idle
      .slice(0, evictable(this.idle.length))
      .filter(({ restedMs }) => restedMs >= idleForMs);
    for (const connection of closed) connection.evict('overload');
  }

  dispose(): void {
    this.disposed = true;
    for (const connection of this.idle.splice(0)) connection.destroy('disposed');
    this.options.allowance?.leave(this);
  }

  private dial(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const kind = { pooled: options.connection !== 'tunnel', preamble: options.preamble };
    const connection = new Http1UpstreamConnection(this, this.options.connectTimeoutMs, kind);
    this.connections.add(connection);
    connection.assign(observer, options);
    return connection;
  }

  private wait(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    if (this.pending.size >= this.options.limits.maxPending) {
      this.overflow(observer, 'full');
      return NOTHING_TO_CANCEL;
    }
    const { limits, allowance } = this.options;
    if (this.connections.size < limits.maxConnections) allowance?.await(this);
    const pending = new PendingCheckout(this, observer, options);
    this.pending.add(pending);
    this.telemetry.upstreamPending(this.options.upstream, 1);
    pending.timer.arm(limits.pendingTimeoutMs);
    return pending;
  }

  private nextPending(preamble: string | undefined): PendingCheckout | undefined {
    if (this.pending.size === 0) return undefined;
    for (const pending of this.pending) {
      const { options } = pending;
      if (options.connection !== 'tunnel' && options.preamble === preamble) return pending;
    }
    return undefined;
  }
}

const NOTHING_TO_CANCEL: Checkout = { cancel: () => undefined };

/** An exchange that waits until a connection of the endpoint becomes free. */
class PendingCheckout implements Checkout {
  readonly observer: AttemptObserver;
  readonly options: CheckoutOptions;
  readonly timer: Timer;
  readonly sinceMs: number;
  private readonly pool: Http1Pool;
  private connection: Checkout | undefined = undefined;

  constructor(pool: Http1Pool, observer: AttemptObserver, options: CheckoutOptions) {
    this.pool = pool;
    this.observer = observer;
    this.options = options;
    this.sinceMs = pool.timers.now();
    this.timer = pool.timers.create(() => {
      this.pool.leaveQueue(this);
      this.pool.overflow(observer, 'timeout');
    });
  }

  resolve(connection: Checkout): void {
    this.timer.disarm();
    this.pool.leaveQueue(this);
    this.connection = connection;
  }

  cancel(): void {
    this.timer.disarm();
    this.pool.leaveQueue(this);
    this.connection?.cancel();
  }
}
