/** Owns what people and Prometheus are told of the endpoints. */
import type { MetricsSnapshot, Sample } from '../../../observability/metrics-snapshot.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { EndpointDirectory } from './endpoint-directory.js';
import { endpointUrl } from '../../../http/endpoint-address.js';
import { ENDPOINT_STATES } from './endpoint-record.js';
import type { EndpointRecord } from './endpoint-record.js';
import type { StateNote, UpstreamState } from './upstream-state.js';

export interface ReportClock {
  /** Monotonic milliseconds, as the states use them. */
  now(): number;
  /** Milliseconds since the epoch. */
  wall(): number;
}

/** Gauges of the workers, summed: who is busy with what. */
export type WorkerGauges = MetricsSnapshot['gauges'];

/** Series of one family at most. */
const MAX_SERIES = 10_000;

/** The document of `GET /upstreams`. */
export interface DirectoryReport {
  readonly configVersion: number;
  readonly upstreams: readonly UpstreamReport[];
}

export interface UpstreamReport {
  readonly name: string;
  readonly source: object;
  readonly panic: boolean;
  readonly available: number;
  /** Of those that are available. */
  readonly failing: number;
  readonly total: number;
  readonly endpoints: readonly EndpointReport[];
}

/** More is told of an endpoint that is in use than of one that its source has dropped. */
export interface EndpointReport {
  readonly address: string;
  readonly state: string;
  readonly why: string;
  readonly active: number;
  readonly connections: number;
  readonly available?: boolean;
  /** ISO 8601, as `ejectedUntil`. */
  readonly since?: string;
  readonly url?: string;
  readonly hostname?: string;
  readonly weight?: number;
  readonly consecutiveFailures?: number;
  readonly ejectedUntil?: string;
  readonly lastCheck?: { readonly passed: boolean; readonly detail: string; readonly ageMs: number };
}

export const describeDirectory = (
  directory: Pick<EndpointDirectory, 'current' | 'upstreams'>,
  gauges: WorkerGauges,
  clock: ReportClock,
): DirectoryReport => {
  const report = new Report(gauges, clock);
  return {
    configVersion: directory.current().version,
    upstreams: directory.upstreams.map((state) => report.upstream(state)),
  };
};

export const directoryMetrics = (
  { upstreams }: Pick<EndpointDirectory, 'upstreams'>,
  counts: EndpointCounts,
): Pick<MetricsSnapshot, 'counters' | 'gauges'> => ({
  counters: counts.samples(),
  gauges: {
    torus_upstream_endpoints: upstreams.flatMap(statesOf),
    torus_upstream_endpoint_healthy: upstreams.flatMap(healthOf).slice(0, MAX_SERIES),
    torus_upstream_panic: upstreams.map(({ config, isPanicking }): Sample => [
      [config.name],
      isPanicking ? 1 : 0,
    ]),
  },
});

const statesOf = (upstream: UpstreamState): Sample[] => {
  const entries = upstream.entries();
  return ENDPOINT_STATES.map((state): Sample => [
    [upstream.config.name, state],
    entries.filter(([record]) => record.state === state).length,
  ]);
};

const healthOf = (upstream: UpstreamState): Sample[] =>
  upstream
    .entries()
    .map(([record]): Sample => [[upstream.config.name, record.label], record.isAvailable ? 1 : 0]);

class Report {
  readonly #clock: ReportClock;
  readonly #active: Map<string, Map<string, number>>;
  readonly #sockets: Map<string, number>;

  constructor(gauges: WorkerGauges, clock: ReportClock) {
    this.#clock = clock;
    this.#active = new Map();
    for (const [[upstream = '', endpoint = ''], value] of gauges['torus_upstream_active_exchanges'] ?? []) {
      const row = this.#active.get(upstream) ?? new Map<string, number>();
      this.#active.set(upstream, row.set(endpoint, value));
    }
    const sockets = gauges['torus_sockets_open'] ?? [];
    this.#sockets = new Map(
      sockets.flatMap(([[side, owner = ''], value]) =>
        side === 'upstream' ? [[owner, value] as const] : [],
      ),
    );
  }

  upstream(state: UpstreamState): UpstreamReport {
    const { config, isPanicking } = state;
    const entries = state.entries();
    const known = new Set(entries.map(([{ label }]) => label));
    const active = this.#active.get(config.name) ?? new Map<string, number>();
    const leaving = [...active].filter(([label, count]) => !known.has(label) && count > 0);
    return {
      name: config.name,
      source: state.source.report(),
      panic: isPanicking,
      available: entries.filter(([record]) => record.isAvailable).length,
      failing: entries.filter(([record]) => record.state === 'failing').length,
      total: entries.length,
      endpoints: [
        ...entries.map(([record, note]) => this.#endpoint(record, note, active.get(record.label) ?? 0)),
        ...leaving.map(([address, count]) => ({
          address,
          state: 'draining',
          why: 'it is gone from the source; what runs on it ends',
          active: count,
          connections: this.#sockets.get(address) ?? 0,
        })),
      ],
    };
  }

  #endpoint(record: EndpointRecord, { why, sinceMs }: StateNote, active: number): EndpointReport {
    const { config, lastCheck, ejection } = record;
    return {
      address: record.label,
      url: endpointUrl(config),
      ...(config.hostname === undefined ? {} : { hostname: config.hostname }),
      weight: config.weight,
      state: record.state,
      available: record.isAvailable,
      why: record.isAvailable ? (failing(record) ?? why) : why,
      since: this.#instant(sinceMs),
      consecutiveFailures: record.failures,
      ...(ejection === undefined ? {} : { ejectedUntil: this.#instant(ejection.untilMs) }),
      ...(lastCheck === undefined
        ? {}
        : {
            lastCheck: {
              passed: lastCheck.passed,
              detail: lastCheck.detail,
              ageMs: Math.round(this.#clock.now() - lastCheck.atMs),
            },
          }),
      active,
      connections: this.#sockets.get(record.label) ?? 0,
    };
  }

  #instant(atMs: number): string {
    return new Date(this.#clock.wall() + (atMs - this.#clock.now())).toISOString();
  }
}

/** Its failures must be told although it is in use. */
const failing = ({ failures, lastFailure }: EndpointRecord): string | undefined =>
  failures === 0
    ? undefined
    : `in use, with ${failures} ${failures === 1 ? 'failure' : 'failures in a row'}, the last: ${lastFailure}`;
