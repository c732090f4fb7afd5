/** Owns what is counted of the backpressure of one route: only of exchanges that streamed. */
import type { ExchangeFlow } from '../contracts/flow.js';
import { Histogram } from './histogram.js';
import { BLOCKED_BUCKETS_SECONDS, BUFFERED_BUCKETS_BYTES } from './metric-catalogue.js';
import type { HistogramSample } from './metrics-snapshot.js';

export class FlowMetrics {
  readonly #client = new Histogram(BLOCKED_BUCKETS_SECONDS);
  readonly #upstream = new Histogram(BLOCKED_BUCKETS_SECONDS);
  readonly #peak = new Histogram(BUFFERED_BUCKETS_BYTES);

  observe(flow: ExchangeFlow): void {
    this.#client.observe(flow.blockedOnClientMs / 1000);
    this.#upstream.observe(flow.blockedOnUpstreamMs / 1000);
    this.#peak.observe(flow.peakBufferedBytes);
  }

  blocked(route: string): HistogramSample[] {
    return [this.#client.sample([route, 'client']), this.#upstream.sample([route, 'upstream'])];
  }

  peakBuffered(route: string): HistogramSample[] {
    return [this.#peak.sample([route])];
  }
}
