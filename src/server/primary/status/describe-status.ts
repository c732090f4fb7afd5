/** Owns the document of `GET /status`: the counts of the workers and what the primary knows of the instance, in one piece. */
import { hostname } from 'node:os';
import type { ConfigSnapshot } from '../../../contracts/config.js';
import type {
  ConfigStatus,
  EndpointStatus,
  StatusDocument,
  UpstreamStatus,
} from '../../../contracts/status.js';
import type { MetricsSnapshot } from '../../../observability/metrics-snapshot.js';
import { byStanding } from '../../../observability/status/endpoint-standing.js';
import { sumOf, totalsOf } from '../../../observability/status/totals.js';
import type { EndpointReport, UpstreamReport } from '../endpoints/directory-report.js';
import { expirySamples } from '../certificate-expiry.js';
import type { Supervisor } from '../supervisor.js';
import { workerStatuses } from './worker-statuses.js';

export interface StatusSources {
  readonly supervisor: Pick<Supervisor, 'phase' | 'restarts' | 'pool' | 'snapshot'>;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  config(): Omit<ConfigStatus, 'generation'>;
  /** Every upstream, with what the workers' gauges say of it. */
  upstreams(gauges: MetricsSnapshot['gauges']): readonly UpstreamReport[];
}

export interface Instant {
  /** When the workers were asked for their counts; as `now`. */
  readonly askedAt: number;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Milliseconds since the epoch. */
  readonly wall: number;
}

/** Of all upstreams together. */
const MAX_ENDPOINTS = 100;

export const describeStatus = (
  sources: StatusSources,
  metrics: MetricsSnapshot,
  at: Instant,
): StatusDocument => {
  const { supervisor } = sources;
  return {
    time: new Date(at.wall).toISOString(),
    clockMs: Math.round(at.now),
    instance: {
      version: sources.version,
      node: process.version,
      pid: process.pid,
      host: hostname(),
      phase: supervisor.phase,
      startedAt: new Date(sources.startedAt).toISOString(),
      uptimeSeconds: Math.round((at.wall - sources.startedAt) / 1000),
      workerRestarts: supervisor.restarts,
    },
    config: { generation: supervisor.snapshot.version, ...sources.config() },
    totals: totalsOf(metrics),
    now: {
      exchanges: sumOf(metrics.gauges['torus_http_exchanges_in_flight']),
      sockets: { downstream: socketsOf(metrics, 'downstream'), upstream: socketsOf(metrics, 'upstream') },
    },
    workers: workerStatuses(supervisor.pool, metrics, at),
    upstreams: shortened(sources.upstreams(metrics.gauges)),
    certificates: certificatesOf(supervisor.snapshot, at.wall),
  };
};

const socketsOf = ({ gauges }: MetricsSnapshot, wanted: string): number =>
  sumOf(gauges['torus_sockets_open'], wanted);

/** Each upstream keeps its counts; of the endpoints, those that cannot be used or fail are kept before the others. */
const shortened = (upstreams: readonly UpstreamReport[]): UpstreamStatus[] => {
  const keptOf = keep(upstreams.map(({ endpoints }) => endpoints));
  return upstreams.map(({ name, available, failing, total, panic }, at) => ({
    ...{ name, available, failing, total, panic },
    endpoints: (keptOf[at] ?? []).map(briefly),
  }));
};

const keep = (groups: readonly (readonly EndpointReport[])[]): EndpointReport[][] => {
  let left = MAX_ENDPOINTS;
  const take = (wanted: (endpoint: EndpointReport) => boolean): EndpointReport[][] =>
    groups.map((endpoints) => {
      const taken = left > 0 ? endpoints.filter(wanted).slice(0, left) : [];
      left -= taken.length;
      return taken;
    });
  const broken = take((endpoint) => !isFine(endpoint));
  const fine = take(isFine);
  return groups.map((_, at) => [...(broken[at] ?? []).sort(byStanding), ...(fine[at] ?? [])]);
};

const isUsable = ({ available }: EndpointReport): boolean => available === true;
const isFine = (endpoint: EndpointReport): boolean => isUsable(endpoint) && endpoint.state !== 'failing';

const briefly = (endpoint: EndpointReport): EndpointStatus => ({
  address: endpoint.address,
  state: endpoint.state,
  available: isUsable(endpoint),
  why: endpoint.why,
  ...(endpoint.since === undefined ? {} : { since: endpoint.since }),
  active: endpoint.active,
  connections: endpoint.connections,
});

const certificatesOf = (snapshot: ConfigSnapshot, wall: number): StatusDocument['certificates'] =>
  expirySamples(snapshot, wall).map(([[listener = '', certificate = ''], daysLeft]) => ({
    listener,
    certificate,
    daysLeft: Math.round(daysLeft * 10) / 10,
  }));
