/** Owns the counts of what is done about endpoints; they outlive reloads. */
import { PairCounters } from '../../../observability/label-tree.js';
import type { Sample } from '../../../observability/metrics-snapshot.js';

export class EndpointCounts {
  /** By upstream and result. */
  readonly checks = new PairCounters();
  readonly resolutions = new PairCounters();
  readonly fileReads = new PairCounters();
  /** By upstream and reason. */
  readonly ejections = new PairCounters();
  readonly spared = new PairCounters();

  samples(): Record<string, Sample[]> {
    return {
      torus_health_checks_total: samplesOf(this.checks),
      torus_dns_resolutions_total: samplesOf(this.resolutions),
      torus_endpoint_file_reads_total: samplesOf(this.fileReads),
      torus_outlier_ejections_total: samplesOf(this.ejections),
      torus_outlier_ejections_spared_total: samplesOf(this.spared),
    };
  }
}

const samplesOf = (counters: PairCounters): Sample[] =>
  counters.cells().map(({ labels, value }) => [labels, value]);
