/** The way into tracing. Loaded only where it is on. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { TracingConfig } from '../../contracts/tracing-config.js';
import type { Tracer } from '../../contracts/tracing.js';
import type { Log } from '../logger.js';
import type { MetricsSnapshot } from '../metrics-snapshot.js';
import { openCollectorConnection } from './collector-connection.js';
import { envelopeOf } from './otlp-json.js';
import { SpanExporter } from './span-exporter.js';
import type { ExporterSettings } from './span-exporter.js';
import { TraceIds } from './trace-ids.js';
import { WallClock } from './wall-clock.js';
import { WorkerTracer } from './worker-tracer.js';

/** What the spans of one worker have in common over all its snapshots. */
export class WorkerTracing {
  readonly #exporter: SpanExporter;
  readonly #clock = new WallClock(() => performance.now(), Date.now, performance.timeOrigin);
  readonly #ids = new TraceIds();
  readonly #version: string;
  readonly #instanceId = randomUUID();
  #limited = 0;

  constructor(config: TracingConfig, version: string, log: Log) {
    this.#version = version;
    this.#exporter = new SpanExporter(this.#settingsOf(config), {
      post: openCollectorConnection(),
      wait: waitFor,
      random: Math.random,
      now: () => performance.now(),
      onPost: () => this.#clock.adjust(),
      warn: (facts, message) => log.warn(facts, message),
      info: (message) => log.info(message),
    });
  }

  /** A tracer for one snapshot. */
  tracerFor(config: TracingConfig): Tracer {
    return new WorkerTracer(config, {
      ids: this.#ids,
      clock: this.#clock,
      now: () => performance.now(),
      random: Math.random,
      onLimited: () => (this.#limited += 1),
      record: (span) => this.#exporter.add(span),
    });
  }

  /** Spans are posted as this says from now on, whichever snapshot they are from. */
  configure(config: TracingConfig): void {
    this.#exporter.configure(this.#settingsOf(config));
  }

  metrics(): Pick<MetricsSnapshot, 'counters' | 'gauges'> {
    const { counters, gauges } = this.#exporter.metrics();
    return { counters: { ...counters, torus_traces_limited_total: [[[], this.#limited]] }, gauges };
  }

  /** See `SpanExporter.flush`. */
  flush(limitMs: number): Promise<void> {
    return this.#exporter.flush(limitMs);
  }

  #settingsOf(config: TracingConfig): ExporterSettings {
    return { ...config, envelope: envelopeOf(this.#resource(config), this.#version) };
  }

  /** OpenTelemetry, semantic conventions for resources. What the operator says wins. */
  #resource({ serviceName, attributes }: TracingConfig): Record<string, string | number> {
    return {
      'telemetry.sdk.name': 'torus',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.version': this.#version,
      'service.version': this.#version,
      'service.instance.id': this.#instanceId,
      'host.name': hostname(),
      'process.pid': process.pid,
      'service.name': serviceName,
      ...attributes,
    };
  }
}

function waitFor(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done);
  });
}
