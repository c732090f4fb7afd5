/** Owns the list of metric families: name, kind, help text and label names. docs/metrics.md explains each. */

export interface MetricFamily {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the unit of its name. */
  readonly buckets?: readonly number[];
}

const family = (
  kind: MetricFamily['kind'],
  name: string,
  labels: readonly string[],
  help: string,
): MetricFamily => ({ name, kind, help, labels });

/** Upper bounds of the duration buckets, in seconds. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/** How long an exchange was blocked, in seconds. */
export const BLOCKED_BUCKETS_SECONDS: readonly number[] = [0.001, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Bytes that waited at once. One read is 64 KiB. */
export const BUFFERED_BUCKETS_BYTES: readonly number[] = [
  1024, 4096, 16_384, 65_536, 131_072, 262_144, 1_048_576, 4_194_304,
];

/** Counted in the workers, summed over them for the instance. */
export const SUMMED_FAMILIES: readonly MetricFamily[] = [
  family(
    'counter',
    'torus_http_requests_total',
    ['route', 'method', 'status', 'cause'],
    'Exchanges that ended.',
  ),
  family('histogram', 'torus_http_request_duration_seconds', ['route'], 'Time from request head to the end.'),
  {
    ...family(
      'histogram',
      'torus_http_blocked_seconds',
      ['route', 'side'],
      'Time in which an exchange that streamed had bytes for its client or upstream that were not taken.',
    ),
    buckets: BLOCKED_BUCKETS_SECONDS,
  },
  {
    ...family(
      'histogram',
      'torus_http_peak_buffered_bytes',
      ['route'],
      'The most body bytes that waited at once in an exchange that streamed.',
    ),
    buckets: BUFFERED_BUCKETS_BYTES,
  },
  family('counter', 'torus_http_request_bytes_total', ['route'], 'Request body bytes received.'),
  family('counter', 'torus_http_response_bytes_total', ['route'], 'Response body bytes sent.'),
  family('gauge', 'torus_http_exchanges_in_flight', [], 'Exchanges that run now.'),
  family(
    'counter',
    'torus_rejected_requests_total',
    ['listener', 'status', 'cause'],
    'Requests refused by their head, and connections without one: a PROXY header or a TLS handshake that failed.',
  ),
  family('counter', 'torus_sockets_opened_total', ['side', 'owner'], 'Sockets opened.'),
  family('counter', 'torus_sockets_closed_total', ['side', 'owner', 'reason'], 'Sockets closed.'),
  family('gauge', 'torus_sockets_open', ['side', 'owner'], 'Sockets open now.'),
  family('counter', 'torus_connections_refused_total', ['listener', 'reason'], 'Connections refused unread.'),
  family(
    'counter',
    'torus_tls_handshakes_total',
    ['listener', 'version', 'resumed'],
    'TLS handshakes that succeeded; resumed is true when a session ticket spared the full handshake.',
  ),
  family(
    'counter',
    'torus_tls_handshake_failures_total',
    ['listener', 'code'],
    'TLS handshakes that failed.',
  ),
  family(
    'counter',
    'torus_grpc_responses_total',
    ['route', 'grpc_status'],
    'gRPC calls that ended, by their status; none where the answer held none, other beyond 16.',
  ),
  family('counter', 'torus_upstream_retries_total', ['upstream', 'reason'], 'Attempts made again.'),
  family(
    'gauge',
    'torus_upstream_active_exchanges',
    ['upstream', 'endpoint'],
    'Exchanges that run on an endpoint now.',
  ),
  family(
    'counter',
    'torus_upstream_retries_skipped_total',
    ['upstream', 'reason'],
    'Failures that would have been tried again, but for the reason: budget, body, retry-after.',
  ),
  family('gauge', 'torus_upstream_pending', ['upstream'], 'Attempts that wait for a place or a connection.'),
  family(
    'counter',
    'torus_upstream_overflow_total',
    ['upstream', 'reason'],
    'Attempts that a limit refused: requests, adaptive, endpoint, queue-full, queue-timeout.',
  ),
  family(
    'counter',
    'torus_upstream_endpoint_failures_total',
    ['upstream', 'endpoint', 'reason'],
    'What spoke against an endpoint: the cause that an attempt ended with, or 5xx.',
  ),
  family(
    'gauge',
    'torus_upstream_concurrency_limit',
    ['upstream'],
    'Requests that the adaptive limit allows at once, summed over the workers.',
  ),
  family(
    'counter',
    'torus_split_requests_total',
    ['route', 'upstream'],
    'Requests of routes with a split, by the upstream that was chosen.',
  ),
  family(
    'counter',
    'torus_mirrored_requests_total',
    ['route', 'upstream', 'result'],
    'Requests chosen to be mirrored, by what became of the copy: sent, failed, or dropped and why.',
  ),
  family(
    'counter',
    'torus_mirror_comparisons_total',
    ['route', 'upstream', 'result'],
    'Copies answered with the same status as the original (match) or another (mismatch).',
  ),
  family(
    'histogram',
    'torus_mirror_latency_difference_seconds',
    ['route', 'upstream', 'direction'],
    'How much later (slower) or earlier (faster) than the original the copy was answered.',
  ),
  family(
    'counter',
    'torus_overload_shed_total',
    ['resource'],
    'New requests answered 503 because the resource ran out: fds, memory, loop-delay.',
  ),
  family(
    'counter',
    'torus_overload_transitions_total',
    ['resource', 'step', 'direction'],
    'Steps of the overload ladder that workers have entered or left.',
  ),
  family(
    'counter',
    'torus_access_log_dropped_total',
    [],
    'Access log lines lost for good: the reader of standard output was too slow, or the file could not be written for too long.',
  ),
  family(
    'counter',
    'torus_trace_spans_total',
    ['result'],
    'Spans that were recorded: exported, rejected by the collector, dropped-queue-full, dropped-export-failed.',
  ),
  family(
    'counter',
    'torus_trace_exports_total',
    ['result'],
    'Posts of spans to the collector: ok or failed.',
  ),
  family(
    'counter',
    'torus_traces_limited_total',
    [],
    'Exchanges that sampling had chosen, and that were not recorded because of tracesPerSecond.',
  ),
  family('gauge', 'torus_trace_queue_spans', [], 'Spans that wait to be posted.'),
];

/** Reported by each worker about itself; the primary adds the label `worker`. */
export const PROCESS_FAMILIES: readonly MetricFamily[] = [
  family('gauge', 'torus_worker_open_fds', [], 'Open file descriptors.'),
  family('gauge', 'torus_worker_max_fds', [], 'File descriptors that the worker may have open.'),
  family('gauge', 'torus_worker_heap_used_bytes', [], 'V8 heap in use.'),
  family('gauge', 'torus_worker_heap_limit_bytes', [], 'Most that the V8 heap may take.'),
  family('gauge', 'torus_worker_rss_bytes', [], 'Resident memory.'),
  family(
    'gauge',
    'torus_worker_event_loop_delay_seconds',
    ['quantile'],
    'Event loop delay since the counts were last collected: every 5 s, and at each scrape.',
  ),
  family(
    'gauge',
    'torus_worker_event_loop_utilization',
    [],
    'Share of time the event loop was busy (0 to 1).',
  ),
  family(
    'gauge',
    'torus_worker_overload_pressure',
    ['resource'],
    'How full the resource is: 0 is empty, 1 is full.',
  ),
  family(
    'gauge',
    'torus_worker_overload_level',
    [],
    'Hardest step of the overload ladder: 0 none, 1 shorten-idle, 2 no-keep-alive, 3 shed.',
  ),
  family('counter', 'torus_worker_gc_seconds_total', ['kind'], 'Time spent in garbage collection.'),
  family('counter', 'torus_worker_gc_pauses_total', ['kind'], 'Garbage collections.'),
];

/** Derived by the primary from the workers' own counts. */
export const PER_WORKER_FAMILIES: readonly MetricFamily[] = [
  family('counter', 'torus_worker_requests_total', ['worker'], 'Exchanges that ended in this worker.'),
  family('gauge', 'torus_worker_sockets_open', ['worker', 'side'], 'Sockets this worker holds.'),
];

/** Facts of the primary itself. */
export const INSTANCE_FAMILIES: readonly MetricFamily[] = [
  family('counter', 'torus_worker_restarts_total', [], 'Workers forked to replace another.'),
  family('gauge', 'torus_workers', ['phase'], 'Workers in each phase.'),
  family('gauge', 'torus_workers_wanted', [], 'Workers that there should be: fixed, or chosen by the load.'),
  family(
    'counter',
    'torus_worker_scalings_total',
    ['direction'],
    'Steps to one worker more (up) or one less (down) because of the load.',
  ),
  family(
    'counter',
    'torus_worker_replacements_total',
    ['reason'],
    'Workers that served well and were replaced by a new one: config, age, memory, request.',
  ),
  family(
    'counter',
    'torus_worker_replacements_failed_total',
    [],
    'Successors that did not start: the worker they were for went on.',
  ),
  family(
    'gauge',
    'torus_start_duration_seconds',
    [],
    'From the first fork of the instance until every worker served.',
  ),
  family(
    'histogram',
    'torus_worker_start_duration_seconds',
    [],
    'From the fork of a worker until it served.',
  ),
  family(
    'histogram',
    'torus_worker_outage_duration_seconds',
    [],
    'From the death of a worker until its replacement served.',
  ),
  family(
    'histogram',
    'torus_worker_drain_duration_seconds',
    [],
    'From the moment that a replaced worker was told to leave until it was gone.',
  ),
  family(
    'histogram',
    'torus_config_reload_duration_seconds',
    ['result'],
    'From the request to reload until every worker served what it brought, or it was refused.',
  ),
  family('gauge', 'torus_config_version', [], 'Version of the configuration in use.'),
  family(
    'counter',
    'torus_config_reloads_total',
    ['result'],
    'Reloads that were asked for, by what became of them: applied, rejected, unchanged.',
  ),
  family('gauge', 'torus_start_seconds', [], 'Start of the primary, seconds since the epoch.'),
  family(
    'counter',
    'torus_scrape_workers_missing_total',
    [],
    'Workers that did not answer a scrape in time.',
  ),
  family(
    'gauge',
    'torus_tls_certificate_days_left',
    ['listener', 'certificate'],
    'Days until a certificate expires; negative when it has. Listener `admin`: the admin API.',
  ),
  family('counter', 'torus_key_set_fetches_total', ['result'], 'Fetches of remote key sets.'),
  family('gauge', 'torus_upstream_endpoints', ['upstream', 'state'], 'Endpoints in each state.'),
  family(
    'gauge',
    'torus_upstream_endpoint_healthy',
    ['upstream', 'endpoint'],
    '1 for an endpoint that may be used, 0 for one that is unhealthy or ejected.',
  ),
  family(
    'gauge',
    'torus_upstream_panic',
    ['upstream'],
    '1 while so few endpoints are available that all of them are used.',
  ),
  family('counter', 'torus_health_checks_total', ['upstream', 'result'], 'Health checks: passed or failed.'),
  family(
    'counter',
    'torus_outlier_ejections_total',
    ['upstream', 'reason'],
    'Endpoints ejected for failures in a row; reason is that of the last: 5xx or connection.',
  ),
  family(
    'counter',
    'torus_outlier_ejections_spared_total',
    ['upstream', 'reason'],
    'Failing endpoints that were not ejected: max-ejected or last-available.',
  ),
  family(
    'counter',
    'torus_dns_resolutions_total',
    ['upstream', 'result'],
    'Questions to DNS for endpoints: ok, empty (no such name, no records) or failed.',
  ),
  family(
    'counter',
    'torus_endpoint_file_reads_total',
    ['upstream', 'result'],
    'Contents of endpoint files that were read: ok or bad.',
  ),
];
