/** Owns how the parts that know the endpoints of an instance are put together. */
import type { ConfigSnapshot } from '../../../contracts/config.js';
import type { Log } from '../../../observability/logger.js';
import type { MetricsSnapshot } from '../../../observability/metrics-snapshot.js';
import type { EndpointDirectoryState } from '../../ipc/messages.js';
import type { Scheduler } from '../scheduler.js';
import { describeDirectory, directoryMetrics } from './directory-report.js';
import type { DirectoryReport, WorkerGauges } from './directory-report.js';
import { EndpointCounts } from './endpoint-counts.js';
import { EndpointDirectory } from './endpoint-directory.js';
import { startProbe } from './probes/index.js';
import { sourceFor } from './sources/index.js';
import { Turns } from './turns.js';
import type { UpstreamStateServices } from './upstream-state.js';

export interface EndpointsOptions {
  readonly snapshot: ConfigSnapshot;
  readonly scheduler: Scheduler;
  readonly log: Log;
  onChange(state: EndpointDirectoryState): void;
}

export interface Endpoints {
  readonly directory: EndpointDirectory;
  metrics(): Pick<MetricsSnapshot, 'counters' | 'gauges'>;
  /** The document of `GET /upstreams`. */
  describe(gauges: WorkerGauges): DirectoryReport;
}

/** Of all upstreams together. */
const CHECKS_AT_ONCE = 64;

export const composeEndpoints = (options: EndpointsOptions): Endpoints => {
  const { snapshot, scheduler, log } = options;
  const counts = new EndpointCounts();
  const services: UpstreamStateServices = {
    ...{ scheduler, log, counts, probe: startProbe, random: Math.random },
    turns: new Turns(CHECKS_AT_ONCE),
  };
  const directory = new EndpointDirectory({
    snapshot,
    services,
    makeSource: sourceFor(services),
    onChange: (state) => options.onChange(state),
  });
  const clock = { now: () => scheduler.now(), wall: () => Date.now() };
  return {
    directory,
    metrics: () => directoryMetrics(directory, counts),
    describe: (gauges) => describeDirectory(directory, gauges, clock),
  };
};
