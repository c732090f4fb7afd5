/** Owns tracing as one worker has it: nothing of it is loaded until a snapshot asks for it. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { Tracer } from '../../contracts/tracing.js';
import type { Log } from '../../observability/logger.js';
import type { MetricsSnapshot } from '../../observability/metrics-snapshot.js';
import type { WorkerTracing } from '../../observability/tracing/index.js';

type Traced = Pick<ConfigSnapshot, 'tracing'>;

/** The last spans are worth a short wait: a collector that is not there must not hold the worker. */
const LAST_FLUSH_MS = 2000;

export class TracingSwitch {
  readonly #version: string;
  #tracing: WorkerTracing | undefined;

  /** `version` of this program. */
  constructor(version: string) {
    this.#version = version;
  }

  /** True when the snapshot can be composed now. */
  isReadyFor({ tracing }: Traced): boolean {
    return tracing === undefined || this.#tracing !== undefined;
  }

  async load({ tracing }: Traced, log: Log): Promise<void> {
    if (tracing === undefined || this.#tracing !== undefined) return;
    const module = await import('../../observability/tracing/index.js');
    this.#tracing ??= new module.WorkerTracing(tracing, this.#version, log);
  }

  /** undefined where tracing is off. `load` comes first. */
  tracerFor({ tracing }: Traced): Tracer | undefined {
    return tracing === undefined ? undefined : this.#tracing?.tracerFor(tracing);
  }

  /** The snapshot serves from now on. */
  adopt({ tracing }: Traced): void {
    if (tracing !== undefined) this.#tracing?.configure(tracing);
  }

  metrics(): Pick<MetricsSnapshot, 'counters' | 'gauges'> | undefined {
    return this.#tracing?.metrics();
  }

  async flush(): Promise<void> {
    await this.#tracing?.flush(LAST_FLUSH_MS);
  }
}
