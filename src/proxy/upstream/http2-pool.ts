import type { PoolConfig, UpstreamHttp2Config } from '../../contracts/config.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { AttemptFailure, AttemptObserver, Checkout, CheckoutOptions } from '../../contracts/upstream.js';
import { finalFailure, safeFailure } from './attempt-failure.js';
import type { AllowanceMember, ConnectionAllowance } from './connection-allowance.js';
import type { BusyEndpoint } from './connection-home.js';
import type { ConnectionPool, PoolCensus } from './connection-pool.js';
import type { AlpnProtocol, Dialer } from './dialer.js';
import { evictable } from './evictable.js';
import { Http2UpstreamSession } from './http2-session.js';
import type { PooledSession, SessionHome } from './http2-session-home.js';

/**
 * Owns the HTTP/2 connections of this worker to one endpoint: each carries as many exchanges as both sides allow, the first with
 * room is taken, and further ones are opened only when all are full. Bounded in number, with a bounded queue.
 */

export interface Http2PoolOptions {
  readonly endpoint: BusyEndpoint;
  /** Name of the upstream, for the counts. */
  readonly upstream: string;
  readonly limits: PoolConfig;
  /** What the pools of the upstream have together, where that is limited. */
  readonly allowance: ConnectionAllowance | undefined;
  readonly http2: UpstreamHttp2Config;
  readonly connectTimeoutMs: number;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  /** Where exchanges go when the endpoint prefers HTTP/1.1; undefined where HTTP/2 is all that is spoken. */
  readonly onHttp1Chosen: (() => ConnectionPool) | undefined;
}

export class Http2Pool implements ConnectionPool, SessionHome, AllowanceMember {
  readonly endpoint: BusyEndpoint;
  readonly dialer: Dialer;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly settings: UpstreamHttp2Config;
  readonly protocols: readonly AlpnProtocol[];
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  private readonly options: Http2PoolOptions;
  private readonly sessions = new Set<PooledSession>();
  /** Those as well that take no further exchange, until they are closed. */
  private readonly open = new Set<PooledSession>();
  private readonly queue = new Set<PendingExchange>();
  private disposed = false;

  constructor(options: Http2PoolOptions) {
    this.options = options;
    this.endpoint = options.endpoint;
    this.dialer = options.dialer;
    this.timers = options.timers;
    this.telemetry = options.telemetry;
    this.settings = options.http2;
    this.protocols = options.onHttp1Chosen === undefined ? ['h2'] : ['h2', 'http/1.1'];
    this.connectTimeoutMs = options.connectTimeoutMs;
    this.idleTimeoutMs = options.limits.idleTimeoutMs;
    options.allowance?.join(this);
  }

  checkout(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    if (options.connection === 'tunnel') {
      observer.onAttemptFailed(finalFailure('upstream.upgrade.unsupported', undefined));
      return NOTHING_TO_CANCEL;
    }
    const session = this.sessionWithRoom(options.connection === 'new');
    return session === undefined ? this.wait(observer, options) : session.assign(observer, options);
  }

  dispose(): void {
    this.disposed = true;
    for (const session of [...this.sessions]) if (session.isIdle) session.retire('disposed');
    this.options.allowance?.leave(this);
  }

  closeLongIdle(idleForMs: number): void {
    const rested = [...this.sessions].filter(({ isIdle, restedMs }) => isIdle && restedMs >= idleForMs);
    rested.sort((left, right) => right.restedMs - left.restedMs);
    for (const session of rested.slice(0, evictable(rested.length))) session.retire('overload');
  }

  private sessionWithRoom(unrested: boolean): PooledSession | undefined {
    for (const session of this.sessions)
      if (session.hasRoom && !(unrested && session.hasRested)) return session;
    return undefined;
  }

  // ---- the queue -----------------------------------------------------------------------------------------------------

  /** For a connection that is being opened, or, when there may be no more of them, for one to have room. */
  private wait(observer: AttemptObserver, options: CheckoutOptions): Checkout {
    const opening = this.openingSession() ?? this.dial(options.connection === 'new');
    if (opening === undefined && this.waitingForRoom >= this.options.limits.maxPending) {
      this.noteOverflow('full');
      observer.onAttemptFailed(safeFailure('upstream.queue.full', this.endpoint.label));
      return NOTHING_TO_CANCEL;
    }
    this.awaitPlace(opening);
    const pending = new PendingExchange(this, observer, options);
    this.queue.add(pending);
    pending.waitFor(opening);
    return pending;
  }

  private openingSession(): PooledSession | undefined {
    for (const session of this.sessions)
      if (session.isConnecting && session.awaited < session.capacity) return session;
    return undefined;
  }

  /** `replacing`: an idle connection may have to make room. */
  private dial(replacing: boolean): PooledSession | undefined {
    if (!this.takePlace() && !(replacing && this.yieldIdle())) return undefined;
    const session = new Http2UpstreamSession(this);
    this.sessions.add(session);
    this.open.add(session);
    return session;
  }

  /** Room for one more connection. */
  private takePlace(): boolean {
    const { limits, allowance } = this.options;
    return this.sessions.size < limits.maxConnections && (allowance?.take(this) ?? true);
  }

  /** Connections of other endpoints may have to end before there is one for this exchange. */
  private awaitPlace(opening: PooledSession | undefined): void {
    const { limits, allowance } = this.options;
    if (opening === undefined && this.sessions.size < limits.maxConnections) allowance?.await(this);
  }

  private get waitingForRoom(): number {
    let count = 0;
    for (const pending of this.queue) if (pending.session === undefined) count += 1;
    return count;
  }

  get waitingSinceMs(): number {
    for (const pending of this.queue) if (pending.session === undefined) return pending.sinceMs;
    return Infinity;
  }

  yieldIdle(): boolean {
    for (const session of this.sessions) {
      if (!session.isIdle) continue;
      // Forgotten first: its place is not given back, but passed on.
      this.sessions.delete(session);
      session.retire('replaced');
      return true;
    }
    return false;
  }

  dialForPending(): boolean {
    for (const pending of this.queue) {
      if (pending.session !== undefined) continue;
      const opening = this.openingSession() ?? this.dial(false);
      if (opening !== undefined) pending.waitFor(opening);
      return opening !== undefined;
    }
    return false;
  }

  leaveQueue(pending: PendingExchange): void {
    this.queue.delete(pending);
  }

  /** One more, or less, waits for room. */
  countPending(change: 1 | -1): void {
    this.telemetry.upstreamPending(this.options.upstream, change);
  }

  noteOverflow(reason: 'full' | 'timeout'): void {
    this.telemetry.upstreamOverflow(this.options.upstream, `queue-${reason}`);
  }

  get pendingTimeoutMs(): number {
    return this.options.limits.pendingTimeoutMs;
  }

  private serveQueue(session: PooledSession): void {
    for (const pending of this.queue) {
      if (!session.hasRoom) return;
      const { observer, options } = pending;
      pending.leave();
      // It may fail, or be cancelled, while it is begun.
      pending.resolve(session.assign(observer, options));
    }
  }

  /** Those that counted on a connection that is gone, or holds less than was thought. */
  private findOthersFor(session: PooledSession): void {
    for (const pending of this.queue) {
      if (pending.session !== session) continue;
      const opening = this.openingSession() ?? this.dial(false);
      this.awaitPlace(opening);
      pending.waitFor(opening);
    }
  }

  // ---- the connections -----------------------------------------------------------------------------------------------

  onReady(session: PooledSession): void {
    this.serveQueue(session);
    this.findOthersFor(session);
    if (session.isIdle) this.settle(session);
  }

  onRoom(session: PooledSession): void {
    if (session.isIdle && this.options.allowance?.isWantedElsewhere(this) === true) {
      session.retire('replaced');
      return;
    }
    this.serveQueue(session);
    if (session.isIdle) this.settle(session);
  }

  onHttp1Chosen(session: PooledSession): void {
    const other = this.options.onHttp1Chosen?.();
    if (other === undefined) return;
    for (const pending of this.queue) {
      if (pending.session !== session) continue;
      const { observer, options } = pending;
      pending.leave();
      pending.resolve(other.checkout(observer, options));
    }
  }

  onConnectFailed(session: PooledSession, failure: AttemptFailure): void {
    const isHeld = this.sessions.delete(session);
    for (const pending of this.queue) if (pending.session === session) pending.fail(failure);
    if (isHeld) this.options.allowance?.give();
  }

  onClosed(session: PooledSession): void {
    this.open.delete(session);
  }

  census(): PoolCensus {
    const counts = { connecting: 0, idle: 0, active: 0 };
    for (const { state } of this.open) counts[state] += 1;
    const waiting = this.queue.size;
    return { ...counts, tunnels: 0, waiting, waitingCounted: waiting };
  }

  forget(session: PooledSession): void {
    if (!this.sessions.delete(session)) return;
    this.options.allowance?.give();
    while (this.dialForPending());
  }

  /** It has nothing to do. */
  private settle(session: PooledSession): void {
    let idle = 0;
    for (const other of this.sessions) if (other.isIdle) idle += 1;
    if (this.disposed || idle > this.options.limits.maxIdle) session.retire('surplus');
    else session.rest();
  }
}

const NOTHING_TO_CANCEL: Checkout = { cancel: () => undefined };

/** An exchange that waits for a connection to be opened, or for one to have room. */
class PendingExchange implements Checkout {
  readonly observer: AttemptObserver;
  readonly options: CheckoutOptions;
  /** The one that is being opened for it, whose deadline holds; undefined when it waits for room in any. */
  session: PooledSession | undefined = undefined;
  readonly endpoint: BusyEndpoint;
  readonly sinceMs: number;
  private readonly pool: Http2Pool;
  private readonly timer: Timer;
  private waiting = true;
  /** It is counted with what it waits for. */
  private held = false;
  private cancelled = false;
  private checkout: Checkout | undefined = undefined;

  constructor(pool: Http2Pool, observer: AttemptObserver, options: CheckoutOptions) {
    this.pool = pool;
    this.observer = observer;
    this.options = options;
    this.endpoint = pool.endpoint;
    this.endpoint.active += 1;
    this.sinceMs = pool.timers.now();
    this.timer = pool.timers.create(() => {
      pool.noteOverflow('timeout');
      this.fail(safeFailure('upstream.queue.timeout', pool.endpoint.label));
    });
  }

  waitFor(session: PooledSession | undefined): void {
    this.letGo();
    this.session = session;
    this.held = true;
    if (session === undefined) {
      this.pool.countPending(1);
      this.timer.arm(this.pool.pendingTimeoutMs);
    } else session.awaited += 1;
  }

  private letGo(): void {
    this.timer.disarm();
    if (!this.held) return;
    this.held = false;
    if (this.session === undefined) this.pool.countPending(-1);
    else this.session.awaited -= 1;
  }

  /** It waits no longer. */
  leave(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.letGo();
    this.session = undefined;
    this.endpoint.active -= 1;
    this.pool.leaveQueue(this);
  }

  resolve(checkout: Checkout): void {
    this.checkout = checkout;
    if (this.cancelled) checkout.cancel();
  }

  fail(failure: AttemptFailure): void {
    this.leave();
    this.observer.onAttemptFailed({ ...failure, endpoint: this.pool.endpoint });
  }

  cancel(): void {
    this.leave();
    this.cancelled = true;
    this.checkout?.cancel();
  }
}
