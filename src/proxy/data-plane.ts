import type { BoundListener } from '../contracts/config.js';
import type { DataPlane, LiveExchange } from '../contracts/lifecycle.js';
import type { Upstream } from '../contracts/upstream.js';
import type { HttpProxy } from './http-proxy.js';
import type { TimerWheel } from './timer-wheel.js';

/** A listener as the data plane drives it. */
export interface DrivenListener {
  listen(): Promise<BoundListener>;
  stopAccepting(): void;
  closeIdle(): void;
  destroyAll(): void;
}

export interface DataPlaneParts {
  readonly proxy: HttpProxy;
  readonly listeners: readonly DrivenListener[];
  readonly upstreams: readonly Upstream[];
  readonly timers: TimerWheel;
  /** Shared with the listeners: set when draining begins. */
  readonly drain: { active: boolean };
}

/** Owns the data plane of one worker as its lifecycle sees it: listen, drain, report, dispose. */
export class WorkerDataPlane implements DataPlane {
  private readonly parts: DataPlaneParts;
  private completedBeforeDrain = 0;

  constructor(parts: DataPlaneParts) {
    this.parts = parts;
  }

  async listen(): Promise<readonly BoundListener[]> {
    const bound: BoundListener[] = [];
    // One after the other: the error names the first one that cannot be bound.
    for (const listener of this.parts.listeners) bound.push(await listener.listen());
    return bound;
  }

  announceDrain(): void {
    this.parts.drain.active = true;
    this.completedBeforeDrain = this.parts.proxy.completedCount;
  }

  stopAccepting(): void {
    for (const listener of this.parts.listeners) listener.stopAccepting();
  }

  closeIdle(): void {
    for (const listener of this.parts.listeners) listener.closeIdle();
  }

  whenDrained(): Promise<void> {
    return this.parts.proxy.whenIdle();
  }

  get endedWhileDraining(): number {
    return this.parts.proxy.completedCount - this.completedBeforeDrain;
  }

  live(): readonly LiveExchange[] {
    const now = this.parts.timers.now();
    return [...this.parts.proxy.running].map((run) => run.describe(now));
  }

  destroyAll(): readonly LiveExchange[] {
    const cut = this.live();
    for (const run of [...this.parts.proxy.running]) run.cut();
    for (const listener of this.parts.listeners) listener.destroyAll();
    return cut;
  }

  dispose(): void {
    for (const upstream of this.parts.upstreams) upstream.dispose();
    for (const listener of this.parts.listeners) listener.destroyAll();
    this.parts.timers.dispose();
  }
}
