/** Owns when the endpoints of one upstream are checked: at once, then again and again, never twice at the same time. */
import type { HealthCheckConfig, UpstreamConfig } from '../../../contracts/upstream-config.js';
import type { Scheduler } from '../scheduler.js';
import type { EndpointRecord } from './endpoint-record.js';
import type { RunProbe } from './probes/index.js';
import type { CheckResult, RunningProbe } from './probes/probe.js';
import type { Turns } from './turns.js';

export interface HealthCheckServices {
  readonly scheduler: Scheduler;
  readonly probe: RunProbe;
  /** Bounds how many checks of the instance run at once. */
  readonly turns: Turns;
  /** In [0, 1). */
  random(): number;
}

export interface HealthChecksOptions {
  readonly upstream: UpstreamConfig;
  readonly check: HealthCheckConfig;
  readonly services: HealthCheckServices;
  onResult(record: EndpointRecord, result: CheckResult): void;
}

interface Watched {
  /** Ends the wait for the next check, or the check that runs. */
  stop(): void;
}

export class HealthChecks {
  readonly #options: HealthChecksOptions;
  readonly #watched = new Map<EndpointRecord, Watched>();

  constructor(options: HealthChecksOptions) {
    this.#options = options;
  }

  /** Checks exactly these from now on. */
  watch(records: readonly EndpointRecord[]): void {
    const wanted = new Set(records);
    for (const [record, watched] of this.#watched) {
      if (wanted.has(record)) continue;
      this.#watched.delete(record);
      watched.stop();
    }
    for (const record of records) if (!this.#watched.has(record)) this.#begin(record);
  }

  stop(): void {
    this.watch([]);
  }

  #begin(record: EndpointRecord): void {
    let cancelWait: () => void = () => undefined;
    let running: RunningProbe | undefined;
    let isStopped = false;
    const { scheduler, turns } = this.#options.services;
    const checkNow = (): void => {
      cancelWait = turns.take(async () => {
        const startedMs = scheduler.now();
        running = this.#probe(record);
        const result = await running.result;
        running = undefined;
        if (isStopped) return;
        this.#options.onResult(record, result);
        // What was just learned may have taken it out.
        if (!this.#watched.has(record)) return;
        const delayMs = Math.max(0, this.#intervalMs() - (scheduler.now() - startedMs));
        cancelWait = scheduler.after(delayMs, checkNow);
      });
    };
    this.#watched.set(record, {
      stop: () => {
        isStopped = true;
        cancelWait();
        running?.cancel();
      },
    });
    checkNow();
  }

  #probe({ config }: EndpointRecord): RunningProbe {
    const { upstream, check, services } = this.#options;
    const target = {
      endpoint: config,
      port: check.port ?? config.port,
      tls: upstream.tls,
      proxyProtocol: upstream.proxyProtocol,
      timeoutMs: check.timeoutMs,
      http2: upstream.protocol === 'http2',
    };
    return services.probe(target, check.probe);
  }

  #intervalMs(): number {
    const { check, services } = this.#options;
    return check.intervalMs * (1 + check.jitter * (services.random() * 2 - 1));
  }
}
