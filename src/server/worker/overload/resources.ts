/** Owns the three things a worker can run out of: how each is measured, and what is told of it. */
import type { OverloadConfig, OverloadResource, OverloadThresholds } from '../../../contracts/overload.js';
import type { DescriptorLedger } from './descriptor-ledger.js';
import type { LoopDelay } from './loop-delay.js';
import { memoryShare } from './memory-gauge.js';
import type { MemoryGauge, MemoryUse } from './memory-gauge.js';

export interface Resource {
  readonly name: OverloadResource;
  /** undefined while it is not watched. */
  readonly thresholds: OverloadThresholds | undefined;
  configure(config: OverloadConfig): void;
  /** Measures: 0 is none, 1 (or more) is full. `nowMs` is monotonic. */
  measure(nowMs: number): number;
  /** What was measured, in its own units, for logs and for the admin API. */
  facts(): Readonly<Record<string, number | string>>;
}

/**
 * Kept for what is no socket of the data plane and must never fail: files that are read (logs, cgroup), names that are resolved,
 * the channel to the primary.
 */
const reserveOf = (limit: number): number => Math.min(64, Math.max(4, Math.ceil(limit / 50)));

/** Of the reserve, for connections that are accepted to be refused. */
const KEPT_FOR_REFUSALS = 2;

export class Descriptors implements Resource {
  readonly name = 'fds';
  readonly limit: number;
  /** What counts as full. */
  readonly usable: number;
  readonly #ledger: DescriptorLedger;
  #config: OverloadConfig['fds'];

  constructor(ledger: DescriptorLedger, limit: number) {
    this.#ledger = ledger;
    this.limit = limit;
    this.usable = Math.max(1, limit - reserveOf(limit));
  }

  get thresholds(): OverloadThresholds | undefined {
    return this.#config;
  }

  /** How many may still be opened; below 0 when the reserve is touched. */
  get free(): number {
    return this.usable - this.#ledger.open;
  }

  /** What is no client may go on into the reserve, but not to its end. */
  get hasSpare(): boolean {
    return this.#ledger.open < this.limit - KEPT_FOR_REFUSALS;
  }

  configure({ fds }: OverloadConfig): void {
    this.#config = fds;
  }

  /** By the ledger, which costs nothing. */
  measure(): number {
    return this.#ledger.open / this.usable;
  }

  facts(): Readonly<Record<string, number>> {
    return { open: this.#ledger.open, full: this.usable, limit: this.limit };
  }
}

export class Memory implements Resource {
  readonly name = 'memory';
  readonly #gauge: MemoryGauge;
  #config: OverloadConfig['memory'];
  #use: MemoryUse = { of: 'heap', usedBytes: 0, limitBytes: 1 };

  constructor(gauge: MemoryGauge) {
    this.#gauge = gauge;
  }

  get thresholds(): OverloadThresholds | undefined {
    return this.#config;
  }

  configure({ memory }: OverloadConfig): void {
    this.#config = memory;
  }

  measure(nowMs: number): number {
    this.#use = this.#gauge.read(this.#config?.limitBytes, nowMs);
    return memoryShare(this.#use);
  }

  facts(): Readonly<Record<string, number | string>> {
    const { of, usedBytes, limitBytes } = this.#use;
    return { of, usedBytes, limitBytes };
  }
}

export class EventLoop implements Resource {
  readonly name = 'loop-delay';
  readonly #delay: LoopDelay;
  #config: OverloadConfig['loopDelay'];
  #delayMs = 0;

  constructor(delay: LoopDelay) {
    this.#delay = delay;
  }

  get thresholds(): OverloadThresholds | undefined {
    return this.#config;
  }

  configure({ loopDelay }: OverloadConfig): void {
    this.#config = loopDelay;
    if (loopDelay !== undefined) this.#delay.configure(loopDelay.windowMs);
  }

  measure(nowMs: number): number {
    this.#delayMs = this.#delay.read(nowMs);
    return this.#delayMs / (this.#config?.limitMs ?? Infinity);
  }

  facts(): Readonly<Record<string, number>> {
    return { delayMs: Math.round(this.#delayMs), limitMs: this.#config?.limitMs ?? 0 };
  }
}
