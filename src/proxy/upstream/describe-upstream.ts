import type { Cause } from '../../contracts/cause.js';
import type { BalancerConfig, UpstreamConfig } from '../../contracts/config.js';
import type { EndpointView, UpstreamEndpoints } from '../../contracts/endpoint-feed.js';
import type { ExplainedEndpoint, ExplainedSetting, ExplainedUpstream } from '../../contracts/explanation.js';
import type { CertainChoice, Endpoint } from '../../contracts/upstream.js';
import { affinityWords } from '../../http/affinity-key.js';
import { endpointAuthority, endpointLabel, endpointUrl } from '../../http/endpoint-address.js';

/** Owns the account of one upstream for people: who is there, in which state, and who would be picked. */

export interface UpstreamFacts {
  readonly known: ReadonlyMap<string, Endpoint>;
  readonly certain: CertainChoice<Endpoint> | undefined;
  /** Why none can be picked. */
  readonly refusal: Cause | undefined;
}

/** Endpoints of one upstream that are told one by one. */
const MAX_TOLD = 100;

export function describeUpstream(
  config: UpstreamConfig,
  { endpoints, panic }: UpstreamEndpoints,
  { known, certain, refusal }: UpstreamFacts,
): ExplainedUpstream {
  return {
    name: config.name,
    balancer: balancerWords(config.balancer),
    sticky: config.sticky && `cookie ${config.sticky.cookie.name}`,
    source: sourceWords(config),
    protocol: PROTOCOLS[config.protocol],
    total: endpoints.length,
    available: endpoints.filter(({ available }) => available).length,
    panic,
    endpoints: endpoints.slice(0, MAX_TOLD).map((view) => describeEndpoint(view, known.get(view.key))),
    picks: certain?.endpoint.label,
    why:
      refusal === undefined
        ? (certain?.why ?? CHANCES[config.balancer.kind])
        : (REFUSALS[refusal] ?? refusal),
    refusal,
    timeouts: timeoutsOf(config),
    limits: limitsOf(config),
  };
}

type Row = readonly [name: string, value: number | undefined, key: string];

const settings = (unit: ExplainedSetting['unit'], rows: readonly Row[]): readonly ExplainedSetting[] =>
  rows.map(([name, value, key]) => ({ name, value, unit, from: 'upstream', key }));

function timeoutsOf({ connectTimeoutMs, pool, limits }: UpstreamConfig): readonly ExplainedSetting[] {
  const queue: Row = ['wait for a place', limits.pendingTimeoutMs, 'limits.pendingTimeout'];
  return settings('ms', [
    ['connect', connectTimeoutMs, 'timeouts.connect'],
    ['wait for a connection', pool.pendingTimeoutMs, 'pool.pendingTimeout'],
    ...(limits.maxRequests === undefined ? [] : [queue]),
  ]);
}

/** All of them in each worker. */
function limitsOf({ pool, limits, adaptiveConcurrency }: UpstreamConfig): readonly ExplainedSetting[] {
  return settings('', [
    ['connections of one endpoint', pool.maxConnections, 'pool.maxConnections'],
    ['requests that wait for a connection', pool.maxPending, 'pool.maxPending'],
    ['requests on one endpoint', pool.maxRequests, 'pool.maxRequests'],
    ['requests on the upstream', limits.maxRequests, 'limits.maxRequests'],
    ['connections of the upstream', limits.maxConnections, 'limits.maxConnections'],
    ['adaptive limit of requests, at the most', adaptiveConcurrency?.max, 'adaptiveConcurrency.max'],
  ]);
}

function describeEndpoint(
  { config, available }: EndpointView,
  endpoint: Endpoint | undefined,
): ExplainedEndpoint {
  return {
    address: endpointLabel(config),
    url: endpointUrl(config),
    host: endpointAuthority(config),
    weight: endpoint?.weight ?? config.weight,
    available,
    active: endpoint?.active ?? 0,
  };
}

const PROTOCOLS = { http1: 'HTTP/1.1', http2: 'HTTP/2', auto: 'HTTP/2 or HTTP/1.1, by ALPN' } as const;

/** Who is picked where nothing makes it certain. */
const CHANCES: Readonly<Record<BalancerConfig['kind'], string>> = {
  'round-robin': 'whose turn it is in the worker',
  'least-request': 'the less busy of two that are drawn',
  random: 'by chance',
  'peak-ewma': 'the quicker of two that are drawn',
  'consistent-hash': 'it has no key: the less busy of two that are drawn',
};

const REFUSALS: Partial<Record<Cause, string>> = {
  'upstream.pick.none-available': 'no endpoint is available',
  'upstream.limit.exceeded': 'every endpoint runs as many requests as it may (pool.maxRequests)',
};

function balancerWords(config: BalancerConfig): string {
  return config.kind === 'consistent-hash' ? `${config.kind} on ${affinityWords(config.on)}` : config.kind;
}

function sourceWords({ discovery }: UpstreamConfig): string {
  if (discovery === undefined) return 'configuration';
  return discovery.kind === 'dns' ? `DNS ${discovery.records} ${discovery.name}` : `file ${discovery.shown}`;
}
