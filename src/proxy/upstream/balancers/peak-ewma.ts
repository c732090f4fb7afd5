import type { Balancer, Endpoint } from '../../../contracts/upstream.js';
import type { Timers } from '../../../contracts/timers.js';
import { cheaperOfTwo } from './two-choices.js';

/**
 * Owns the choice by latency: of two endpoints at random the one where a request is expected to wait less, that is
 * `latency * (running + 1) / weight`. The latency is a peak-sensitive moving average, as in Finagle's PeakEwma and Linkerd: it
 * jumps to every worse value at once and comes down with time, e-fold in `decayMs`. State is per worker.
 */

/** An endpoint that has not answered yet gets one request at a time: this stands for its latency while it has one. */
const UNKNOWN_MS = 1e9;
/** After this many time constants without an answer the last one says nothing any more. */
const FORGOTTEN_AFTER = 3;

export interface PeakEwmaOptions {
  readonly decayMs: number;
  readonly failurePenaltyMs: number;
}

interface Latency {
  /** The average at `atMs`. */
  averageMs: number;
  atMs: number;
}

export class PeakEwma implements Balancer {
  private readonly options: PeakEwmaOptions;
  private readonly timers: Pick<Timers, 'now'>;
  private readonly random: () => number;
  private readonly latencies = new WeakMap<Endpoint, Latency>();
  private nowMs = 0;
  private readonly costOf = (endpoint: Endpoint): number => this.cost(endpoint);

  constructor(options: PeakEwmaOptions, timers: Pick<Timers, 'now'>, random: () => number = Math.random) {
    this.options = options;
    this.timers = timers;
    this.random = random;
  }

  pick<T extends Endpoint>(endpoints: readonly T[]): T | undefined {
    this.nowMs = this.timers.now();
    return cheaperOfTwo(endpoints, this.random, this.costOf);
  }

  /** A server error is often quicker than an answer: it must not make the endpoint look fast. */
  reportResponse(endpoint: Endpoint, status: number, headMs: number): void {
    this.observe(endpoint, status < 500 ? headMs : Math.max(headMs, this.options.failurePenaltyMs));
  }

  reportFailure(endpoint: Endpoint): void {
    this.observe(endpoint, this.options.failurePenaltyMs);
  }

  private cost(endpoint: Endpoint): number {
    return (this.latencyOf(endpoint) * (endpoint.active + 1)) / endpoint.weight;
  }

  /** The expected latency now. 0 for one that is unknown and idle: it is tried first. */
  private latencyOf(endpoint: Endpoint): number {
    const latency = this.latencies.get(endpoint);
    const { decayMs } = this.options;
    if (latency === undefined || this.nowMs - latency.atMs > FORGOTTEN_AFTER * decayMs)
      return endpoint.active === 0 ? 0 : UNKNOWN_MS;
    return latency.averageMs * this.weightOfPast(latency);
  }

  private observe(endpoint: Endpoint, observedMs: number): void {
    this.nowMs = this.timers.now();
    const latency = this.latencies.get(endpoint);
    if (latency === undefined) {
      this.latencies.set(endpoint, { averageMs: observedMs, atMs: this.nowMs });
      return;
    }
    const past = this.weightOfPast(latency);
    const averageMs = latency.averageMs * past + observedMs * (1 - past);
    latency.averageMs = Math.max(observedMs, averageMs);
    latency.atMs = this.nowMs;
  }

  private weightOfPast(latency: Latency): number {
    return Math.exp(-Math.max(this.nowMs - latency.atMs, 0) / this.options.decayMs);
  }
}
