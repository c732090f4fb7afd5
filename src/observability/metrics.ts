/** Owns the counts of one worker: the Telemetry that the data plane calls, and the snapshot that the primary reads. */
import type { CloseReason } from '../contracts/close-reason.js';
import type { Exchange } from '../contracts/exchange.js';
import type {
  MirrorComparison,
  MirrorResult,
  RejectedRequest,
  SocketSide,
  Telemetry,
} from '../contracts/telemetry.js';
import type { AccessLog } from './access-log/access-log.js';
import { PairCounters, TripleCounters } from './label-tree.js';
import type { Cell } from './label-tree.js';
import type { MetricsSnapshot, Sample } from './metrics-snapshot.js';
import { MirrorMetrics } from './mirror-metrics.js';
import type { ProcessGauges } from './process-gauges.js';
import type { RefusalLog } from './refusal-log.js';
import { RequestMetrics } from './request-metrics.js';
import { SocketLedger } from './socket-ledger.js';

export interface WorkerMetricsOptions {
  /** undefined when the access log is off. */
  readonly accessLog: AccessLog | undefined;
  readonly process: ProcessGauges;
  /** Told of each socket, whatever its side. */
  readonly sockets?: SocketCount;
  /** Told of every connection that is refused. */
  readonly refusals?: Pick<RefusalLog, 'refused'>;
  /** Durations name traces. */
  readonly exemplars?: boolean;
  /** Counts of other parts of the worker. */
  readonly more?: () => Pick<MetricsSnapshot, 'counters' | 'gauges'> | undefined;
}

export interface SocketCount {
  opened(): void;
  closed(): void;
}

export class WorkerMetrics implements Telemetry {
  readonly #accessLog: AccessLog | undefined;
  readonly #process: ProcessGauges;
  readonly #sockets: SocketCount | undefined;
  readonly #refusals: WorkerMetricsOptions['refusals'];
  readonly #more: WorkerMetricsOptions['more'];
  readonly #requests = new RequestMetrics();
  readonly #ledger = new SocketLedger();
  readonly #refused = new PairCounters();
  readonly #handshakes = new TripleCounters();
  readonly #failedHandshakes = new PairCounters();
  readonly #retries = new PairCounters();
  readonly #skippedRetries = new PairCounters();
  readonly #overflows = new PairCounters();
  readonly #endpointFailures = new TripleCounters();
  /** By upstream: names from the configuration, so few. */
  readonly #pending = new Map<string, number>();
  readonly #concurrencyLimits = new Map<string, number>();
  readonly #limitsSince = new Map<string, number>();
  readonly #rejected = new TripleCounters();
  /** By resource: three at the most. */
  readonly #shed = new Map<string, number>();
  readonly #splits = new PairCounters();
  readonly #mirrors = new MirrorMetrics();
  #inFlight = 0;

  constructor(options: WorkerMetricsOptions) {
    this.#accessLog = options.accessLog;
    this.#process = options.process;
    this.#sockets = options.sockets;
    this.#refusals = options.refusals;
    this.#more = options.more;
    this.showExemplars(options.exemplars === true);
  }

  /** Whether durations name traces from now on. */
  showExemplars(shown: boolean): void {
    this.#requests.withExemplars = shown;
  }

  socketOpened(side: SocketSide, owner: string): void {
    this.#ledger.opened(side, owner);
    this.#sockets?.opened();
  }

  socketClosed(side: SocketSide, owner: string, reason: CloseReason): void {
    this.#ledger.closed(side, owner, reason);
    this.#sockets?.closed();
  }

  connectionRefused(listener: string, reason: string): void {
    this.#refused.add(listener, reason, 1);
    this.#refusals?.refused(listener, reason);
  }

  tlsHandshakeDone(listener: string, version: string, resumed: boolean): void {
    this.#handshakes.add(listener, version, resumed ? 'true' : 'false');
  }

  tlsHandshakeFailed(listener: string, code: string): void {
    this.#failedHandshakes.add(listener, code, 1);
  }

  requestRejected(request: RejectedRequest): void {
    this.#rejected.add(request.listener, String(request.status), request.cause);
    this.#accessLog?.rejected(request);
  }

  exchangeStarted(): void {
    this.#inFlight += 1;
  }

  exchangeCompleted(exchange: Exchange): void {
    this.#inFlight -= 1;
    this.#requests.complete(exchange);
    this.#accessLog?.completed(exchange);
  }

  requestShed(resource: string): void {
    this.#shed.set(resource, (this.#shed.get(resource) ?? 0) + 1);
  }

  retried(upstream: string, reason: string): void {
    this.#retries.add(upstream, reason, 1);
  }

  retrySkipped(upstream: string, reason: string): void {
    this.#skippedRetries.add(upstream, reason, 1);
  }

  upstreamPending(upstream: string, change: number): void {
    this.#pending.set(upstream, (this.#pending.get(upstream) ?? 0) + change);
  }

  upstreamOverflow(upstream: string, reason: string): void {
    this.#overflows.add(upstream, reason, 1);
  }

  endpointFailed(upstream: string, endpoint: string, reason: string): void {
    this.#endpointFailures.add(upstream, endpoint, reason);
  }

  concurrencyLimit(upstream: string, limit: number | undefined, since: number): void {
    if (since < (this.#limitsSince.get(upstream) ?? 0)) return;
    this.#limitsSince.set(upstream, since);
    if (limit === undefined) this.#concurrencyLimits.delete(upstream);
    else this.#concurrencyLimits.set(upstream, limit);
  }

  splitChosen(route: string, upstream: string): void {
    this.#splits.add(route, upstream, 1);
  }

  mirrored(route: string, upstream: string, result: MirrorResult): void {
    this.#mirrors.count(route, upstream, result);
  }

  mirrorCompared(route: string, upstream: string, comparison: MirrorComparison): void {
    this.#mirrors.compare(route, upstream, comparison);
  }

  /** Everything counted so far, as plain data. Counters only grow. */
  snapshot(): MetricsSnapshot {
    const process = this.#process.read();
    const more = this.#more?.();
    return {
      counters: { ...this.#counters(), ...process.counters, ...more?.counters },
      gauges: {
        torus_http_exchanges_in_flight: [[[], this.#inFlight]],
        torus_sockets_open: this.#ledger.openNow(),
        torus_upstream_pending: byName(this.#pending),
        torus_upstream_concurrency_limit: byName(this.#concurrencyLimits),
        ...process.gauges,
        ...more?.gauges,
      },
      histograms: {
        torus_http_request_duration_seconds: this.#requests.durations(),
        torus_http_blocked_seconds: this.#requests.blocked(),
        torus_http_peak_buffered_bytes: this.#requests.peakBuffered(),
        torus_mirror_latency_difference_seconds: this.#mirrors.differences(),
      },
    };
  }

  #counters(): MetricsSnapshot['counters'] {
    return {
      torus_http_requests_total: this.#requests.requests(),
      torus_http_request_bytes_total: this.#requests.requestBytes(),
      torus_http_response_bytes_total: this.#requests.responseBytes(),
      torus_grpc_responses_total: this.#requests.grpcResponses(),
      torus_rejected_requests_total: samples(this.#rejected.cells()),
      torus_sockets_opened_total: this.#ledger.openedTotals(),
      torus_sockets_closed_total: this.#ledger.closedTotals(),
      torus_connections_refused_total: samples(this.#refused.cells()),
      torus_tls_handshakes_total: samples(this.#handshakes.cells()),
      torus_tls_handshake_failures_total: samples(this.#failedHandshakes.cells()),
      torus_overload_shed_total: byName(this.#shed),
      torus_upstream_retries_total: samples(this.#retries.cells()),
      torus_upstream_overflow_total: samples(this.#overflows.cells()),
      torus_upstream_endpoint_failures_total: samples(this.#endpointFailures.cells()),
      torus_upstream_retries_skipped_total: samples(this.#skippedRetries.cells()),
      torus_split_requests_total: samples(this.#splits.cells()),
      torus_mirrored_requests_total: this.#mirrors.results(),
      torus_mirror_comparisons_total: this.#mirrors.comparisons(),
      torus_access_log_dropped_total: [[[], this.#accessLog?.dropped ?? 0]],
    };
  }
}

const samples = (cells: readonly Cell[]): Sample[] => cells.map((cell) => [cell.labels, cell.value]);

const byName = (values: ReadonlyMap<string, number>): Sample[] =>
  [...values].map(([name, value]) => [[name], value]);
