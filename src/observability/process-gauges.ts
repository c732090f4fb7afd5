/** Owns what a worker reports of its own process: descriptors, memory, event loop, garbage collection. */
import { PerformanceObserver, constants, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { EventLoopUtilization, IntervalHistogram, PerformanceEntry } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MetricsSnapshot, Sample } from './metrics-snapshot.js';

const GC_KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak-callbacks'],
]);
/** The last is the longest delay. */
const QUANTILES = [50, 90, 99, 100];
const RESOLUTION_MS = 20;
/** Fixed when the process starts: by its memory, its cgroup or --max-old-space-size. */
const HEAP_LIMIT_BYTES = getHeapStatistics().heap_size_limit;

export interface ProcessGauges {
  read(): Pick<MetricsSnapshot, 'counters' | 'gauges'>;
  /** Ends the observation; `read` still answers. */
  stop(): void;
}

/** Handed in because only config reads files. */
export interface Descriptors {
  /** -1 where the system does not tell. */
  readonly open: () => number;
  /** How many may be. */
  readonly limit: number;
}

/** Starts to observe this process. */
export const observeProcess = (descriptors: Descriptors): ProcessGauges => {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const gc = new GarbageCollectionTime();
  let lastLoop = performance.eventLoopUtilization();
  return {
    read: () => {
      const loop = performance.eventLoopUtilization();
      const gauges = gaugesOf(delay, performance.eventLoopUtilization(loop, lastLoop), descriptors);
      lastLoop = loop;
      delay.reset();
      return { gauges, counters: gc.counters() };
    },
    stop: () => {
      delay.disable();
      gc.stop();
    },
  };
};

const gaugesOf = (
  delay: IntervalHistogram,
  loop: EventLoopUtilization,
  descriptors: Descriptors,
): MetricsSnapshot['gauges'] => {
  return {
    torus_worker_open_fds: [[[], descriptors.open()]],
    torus_worker_max_fds: [[[], descriptors.limit]],
    torus_worker_heap_used_bytes: [[[], getHeapStatistics().used_heap_size]],
    torus_worker_heap_limit_bytes: [[[], HEAP_LIMIT_BYTES]],
    torus_worker_rss_bytes: residentBytes(),
    torus_worker_event_loop_utilization: [[[], loop.utilization]],
    torus_worker_event_loop_delay_seconds: QUANTILES.map((quantile): Sample => [
      [String(quantile / 100)],
      // The histogram measures whole intervals; what is beyond the resolution is the delay.
      Math.max(0, delay.percentile(quantile) / 1e9 - RESOLUTION_MS / 1000),
    ]),
  };
};

/** Nothing where it cannot be told: it is read from a file, and there may be no descriptor left to open it. */
const residentBytes = (): Sample[] => {
  try {
    return [[[], process.memoryUsage.rss()]];
  } catch {
    return [];
  }
};

// The entry's own type lacks `detail`.
const gcKindOf = (entry: PerformanceEntry & { readonly detail?: unknown }): number =>
  (entry.detail as { kind?: number } | undefined)?.kind ?? -1;

class GarbageCollectionTime {
  readonly #secondsByKind = new Map<string, number>();
  readonly #pausesByKind = new Map<string, number>();
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        this.#add(gcKindOf(entry), entry.duration);
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  counters(): MetricsSnapshot['counters'] {
    return {
      torus_worker_gc_seconds_total: samplesOf(this.#secondsByKind),
      torus_worker_gc_pauses_total: samplesOf(this.#pausesByKind),
    };
  }

  stop(): void {
    this.#observer.disconnect();
  }

  #add(kindNumber: number, durationMs: number): void {
    const kind = GC_KINDS.get(kindNumber) ?? 'other';
    this.#secondsByKind.set(kind, (this.#secondsByKind.get(kind) ?? 0) + durationMs / 1000);
    this.#pausesByKind.set(kind, (this.#pausesByKind.get(kind) ?? 0) + 1);
  }
}

const samplesOf = (byKind: ReadonlyMap<string, number>): Sample[] =>
  [...byKind].map(([kind, value]) => [[kind], value]);
