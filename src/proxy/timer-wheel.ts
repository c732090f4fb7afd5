import type { Timer, Timers } from '../contracts/timers.js';

/**
 * Owns the one coarse clock of a worker: a hashed wheel (Varghese and Lauck, 1987). Arming and disarming relink a node;
 * nothing is allocated, and one interval serves every deadline.
 */

const SLOTS = 512;

class WheelTimer implements Timer {
  private readonly wheel: TimerWheel;
  readonly onTimeout: () => void;
  previous: WheelTimer;
  next: WheelTimer;
  dueTick = 0;

  constructor(wheel: TimerWheel, onTimeout: () => void) {
    this.wheel = wheel;
    this.onTimeout = onTimeout;
    this.previous = this;
    this.next = this;
  }

  arm(delayMs: number): void {
    this.disarm();
    if (delayMs > 0) this.wheel.insert(this, delayMs);
  }

  get remainingMs(): number {
    return this.next === this ? 0 : this.wheel.untilTick(this.dueTick);
  }

  disarm(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

export class TimerWheel implements Timers {
  private readonly tickMs: number;
  private readonly slots: readonly WheelTimer[];
  private readonly interval: NodeJS.Timeout;
  private readonly clock: () => number;
  private readonly origin: number;
  private tick = 0;
  private lastMs: number;

  constructor(tickMs = 50, clock: () => number = () => performance.now()) {
    this.tickMs = tickMs;
    this.clock = clock;
    this.origin = clock();
    this.lastMs = this.origin;
    this.slots = Array.from({ length: SLOTS }, () => new WheelTimer(this, () => undefined));
    this.interval = setInterval(() => {
      this.advance();
    }, tickMs);
    this.interval.unref();
  }

  now(): number {
    return this.clock();
  }

  coarseNow(): number {
    return this.lastMs;
  }

  create(onTimeout: () => void): Timer {
    return new WheelTimer(this, onTimeout);
  }

  /** Fires what is due. Called by the interval; a test calls it by hand. */
  advance(): void {
    this.lastMs = this.clock();
    const target = Math.floor((this.lastMs - this.origin) / this.tickMs);
    // A loop blocked for long must not walk the wheel more than once around.
    if (target - this.tick > SLOTS) this.tick = target - SLOTS;
    while (this.tick < target) {
      this.tick += 1;
      this.fireSlot(this.tick % SLOTS, target);
    }
  }

  insert(timer: WheelTimer, delayMs: number): void {
    const elapsed = this.clock() - this.origin;
    timer.dueTick = Math.max(this.tick + 1, Math.ceil((elapsed + delayMs) / this.tickMs));
    const head = this.slots[timer.dueTick % SLOTS];
    if (head === undefined) return;
    timer.previous = head.previous;
    timer.next = head;
    head.previous.next = timer;
    head.previous = timer;
  }

  /** Milliseconds until that tick; 0 when it is due. */
  untilTick(tick: number): number {
    return Math.max(0, this.origin + tick * this.tickMs - this.clock());
  }

  dispose(): void {
    clearInterval(this.interval);
  }

  private fireSlot(slot: number, target: number): void {
    const head = this.slots[slot];
    if (head === undefined) return;
    const due: WheelTimer[] = [];
    for (let timer = head.next; timer !== head; timer = timer.next)
      if (timer.dueTick <= target) due.push(timer);
    for (const timer of due) {
      // An earlier one of this batch may have disarmed or re-armed it.
      if (timer.next === timer || timer.dueTick > target) continue;
      timer.disarm();
      timer.onTimeout();
    }
  }
}
