import type { UpstreamHttp2Config } from '../../contracts/config.js';
import type { Timer, Timers } from '../../contracts/timers.js';

/**
 * Owns the question whether an HTTP/2 connection is alive. A peer that is gone without a word leaves a connection that looks like
 * any other, and every exchange sent on it waits for its deadline: so whoever is silent while exchanges run is asked by PING.
 */

/** Between two PINGs in one silence: servers of gRPC end connections that ping more often than every 5 minutes without need. */
const REPEAT_MS = 305_000;

export interface PingTarget {
  /** Sends a PING. False when it cannot be sent. */
  ping(onAnswer: (error: Error | null) => void): boolean;
  /** There was no answer in time. */
  onSilent(): void;
  /** The answer took the suspicion away. */
  onAlive(): void;
}

export class PingWatch {
  /** An exchange has met nothing but silence, and the connection has not answered yet: nothing new should be sent on it. */
  isSuspect = false;
  private readonly timers: Timers;
  private readonly settings: UpstreamHttp2Config;
  private readonly target: PingTarget;
  private readonly timer: Timer;
  private heardAtMs = 0;
  private pingedAtMs = -Infinity;
  private running = false;
  private waiting = false;

  constructor(timers: Timers, settings: UpstreamHttp2Config, target: PingTarget) {
    this.timers = timers;
    this.settings = settings;
    this.target = target;
    this.timer = timers.create(() => {
      this.onTimeout();
    });
  }

  /** An exchange runs. */
  begin(): void {
    if (this.running || this.settings.pingIntervalMs === 0) return;
    this.running = true;
    this.heard();
    if (!this.waiting) this.timer.arm(this.settings.pingIntervalMs);
  }

  /** No exchange runs any more. */
  end(): void {
    this.running = false;
    if (!this.waiting) this.timer.disarm();
  }

  /** Part of a response came. */
  heard(): void {
    this.heardAtMs = this.timers.coarseNow();
    this.isSuspect = false;
  }

  /** An exchange that began then has seen no sign of life until its deadline. */
  suspect(sinceMs: number): void {
    if (this.settings.pingIntervalMs === 0 || this.heardAtMs > sinceMs) return;
    this.isSuspect = true;
    if (!this.waiting) this.ping();
  }

  /** The connection has closed. */
  stop(): void {
    this.running = false;
    this.waiting = false;
    this.timer.disarm();
  }

  private onTimeout(): void {
    if (this.waiting) {
      this.waiting = false;
      this.target.onSilent();
      return;
    }
    if (!this.running) return;
    const dueMs = this.nextPingMs() - this.timers.now();
    // A new silence may begin, and be over, long before the next PING of the old one.
    if (dueMs > 0) this.timer.arm(Math.min(dueMs, this.settings.pingIntervalMs));
    else this.ping();
  }

  private nextPingMs(): number {
    const quietMs = this.heardAtMs + this.settings.pingIntervalMs;
    return this.pingedAtMs >= this.heardAtMs ? Math.max(quietMs, this.pingedAtMs + REPEAT_MS) : quietMs;
  }

  private ping(): void {
    this.pingedAtMs = this.timers.now();
    this.waiting = this.target.ping((error) => {
      this.onAnswer(error);
    });
    if (this.waiting) this.timer.arm(this.settings.pingTimeoutMs);
  }

  private onAnswer(error: Error | null): void {
    if (!this.waiting || error !== null) return;
    this.waiting = false;
    if (this.running) this.timer.arm(this.settings.pingIntervalMs);
    else this.timer.disarm();
    if (!this.isSuspect) return;
    this.isSuspect = false;
    this.target.onAlive();
  }
}
