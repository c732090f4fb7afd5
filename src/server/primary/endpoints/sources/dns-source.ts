/** Owns endpoints that are the addresses of a name: asked for again when the answer has grown old, kept when nobody answers. */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointConfig } from '../../../../contracts/upstream-config.js';
import type { Log } from '../../../../observability/logger.js';
import type { Scheduler } from '../../scheduler.js';
import { askDns } from './dns-answer.js';
import type { DnsAnswer, DnsConfig, DnsResolver } from './dns-answer.js';
import type { EndpointSource, SourceReport } from './source.js';

export interface DnsSourceOptions {
  readonly upstream: string;
  readonly config: DnsConfig;
  readonly resolver: DnsResolver;
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** In [0, 1). */
  random(): number;
  onResolved(result: DnsAnswer['kind']): void;
}

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

export class DnsSource implements EndpointSource {
  onChange: () => void = () => undefined;
  readonly #options: DnsSourceOptions;
  #endpoints: readonly EndpointConfig[] = [];
  #problem: string | undefined;
  /** Questions in a row that brought no endpoint. */
  #misses = 0;
  #emptySinceMs: number | undefined;
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(options: DnsSourceOptions) {
    this.#options = options;
  }

  current(): readonly EndpointConfig[] {
    return this.#endpoints;
  }

  async start(): Promise<void> {
    await this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#options.resolver.cancel();
  }

  report(): SourceReport {
    return { kind: 'dns', from: this.#options.config.name, problem: this.#problem };
  }

  async #ask(): Promise<void> {
    const { resolver, config, scheduler } = this.#options;
    const answer = await askDns(resolver, config);
    if (this.#isStopped) return;
    this.#options.onResolved(answer.kind);
    const delayMs = this.#take(answer);
    this.#cancel = scheduler.after(delayMs, () => void this.#ask());
  }

  /** Returns when to ask again. */
  #take(answer: DnsAnswer): number {
    const { minTtlMs, maxTtlMs } = this.#options.config;
    if (answer.kind !== 'endpoints') return this.#takeMiss(answer);
    this.#misses = 0;
    this.#emptySinceMs = undefined;
    this.#setProblem(answer.isPartial ? 'a part of the answer failed' : undefined);
    this.#setEndpoints(answer.isPartial ? this.#mergedWith(answer.endpoints) : answer.endpoints);
    return Math.min(maxTtlMs, Math.max(minTtlMs, answer.ttlMs));
  }

  #takeMiss({ kind, code }: Exclude<DnsAnswer, { kind: 'endpoints' }>): number {
    const { config, scheduler } = this.#options;
    this.#setProblem(code);
    // Failures say nothing of the endpoints. An answer that there are none is believed once it has lasted.
    if (kind === 'failed') this.#emptySinceMs = undefined;
    else {
      this.#emptySinceMs ??= scheduler.now();
      if (scheduler.now() - this.#emptySinceMs >= config.keepOnEmptyMs) this.#setEndpoints([]);
    }
    const backoffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, this.#misses));
    this.#misses += 1;
    const delayMs = Math.max(
      config.minTtlMs,
      Math.min(config.maxTtlMs, backoffMs) * (0.9 + this.#options.random() * 0.2),
    );
    return this.#untilBelieved(delayMs);
  }

  /** Not later than when the emptiness has lasted long enough. */
  #untilBelieved(delayMs: number): number {
    const { config, scheduler } = this.#options;
    if (this.#emptySinceMs === undefined || this.#endpoints.length === 0) return delayMs;
    const restMs = this.#emptySinceMs + config.keepOnEmptyMs - scheduler.now();
    return Math.max(config.minTtlMs, Math.min(delayMs, restMs));
  }

  #mergedWith(endpoints: readonly EndpointConfig[]): readonly EndpointConfig[] {
    const isNew = ({ host, port }: EndpointConfig): boolean =>
      !endpoints.some((endpoint) => endpoint.host === host && endpoint.port === port);
    return [...endpoints, ...this.#endpoints.filter(isNew)];
  }

  #setEndpoints(endpoints: readonly EndpointConfig[]): void {
    if (isDeepStrictEqual(endpoints, this.#endpoints)) return;
    this.#endpoints = endpoints;
    this.onChange();
  }

  /** Says so once, when it is another problem than before. */
  #setProblem(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { log, upstream, config } = this.#options;
    const facts = { upstream, name: config.name, kept: this.#endpoints.length };
    if (problem === undefined) log.info(facts, `Endpoints of upstream ${upstream} resolve again`);
    else log.warn({ ...facts, reason: problem }, `Endpoints of upstream ${upstream} do not resolve`);
  }
}
