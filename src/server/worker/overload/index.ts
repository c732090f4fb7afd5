/** Owns the composition of a worker's overload ladder out of what the process can be asked. */
import { performance } from 'node:perf_hooks';
import type { OverloadConfig } from '../../../contracts/overload.js';
import { cgroupMemoryReader } from '../../../config/cgroup-memory.js';
import { fileDescriptorLimit } from '../../../config/file-descriptor-limit.js';
import { oldGenerationLimit } from '../../../config/heap-limit.js';
import { openFileDescriptors } from '../../../config/process-facts.js';
import type { Log } from '../../../observability/logger.js';
import type { ProcessGauges } from '../../../observability/process-gauges.js';
import { DescriptorLedger } from './descriptor-ledger.js';
import { garbageCollector } from './heap-shrinker.js';
import { MemoryGauge } from './memory-gauge.js';
import { OverloadMonitor } from './overload-monitor.js';

export interface OverloadWatch {
  readonly monitor: OverloadMonitor;
  /** To be told of every socket. */
  readonly ledger: DescriptorLedger;
  /** The same gauges, and those of the ladder. */
  withMetrics(gauges: ProcessGauges): ProcessGauges;
}

/** The ladder of this very process. It looks at nothing until it is started. */
export function watchOverload(config: OverloadConfig, log: Log): OverloadWatch {
  const now = (): number => performance.now();
  const ledger = new DescriptorLedger({ count: openFileDescriptors, now });
  const memory = new MemoryGauge({
    heapLimitBytes: oldGenerationLimit(),
    cgroup: cgroupMemoryReader(),
    resident: () => process.memoryUsage.rss(),
  });
  const monitor = new OverloadMonitor(config, {
    ...{ ledger, memory, log, now },
    descriptorLimit: fileDescriptorLimit(),
    collectGarbage: garbageCollector(),
    wallClock: () => Date.now(),
  });
  return { monitor, ledger, withMetrics: (gauges) => joined(gauges, monitor) };
}

const joined = (gauges: ProcessGauges, monitor: OverloadMonitor): ProcessGauges => ({
  read: () => {
    const own = gauges.read();
    const more = monitor.metrics();
    return {
      counters: { ...own.counters, ...more.counters },
      gauges: { ...own.gauges, ...more.gauges },
    };
  },
  stop: () => gauges.stop(),
});
