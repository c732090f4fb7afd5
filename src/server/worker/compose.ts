import type { ConfigSnapshot, RouteConfig } from '../../contracts/config.js';
import type { ExplainAnswer, ExplainQuestion } from '../../contracts/explanation.js';
import type { EndpointFeed } from '../../contracts/endpoint-feed.js';
import type { FilterServices } from '../../contracts/filter.js';
import type { KeySetSource } from '../../contracts/key-set.js';
import type { DataPlane } from '../../contracts/lifecycle.js';
import type { Overload } from '../../contracts/overload.js';
import type { Mirror } from '../../contracts/mirror.js';
import type { CompiledRoute, RouteEntry } from '../../contracts/router.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Timers } from '../../contracts/timers.js';
import type { Tracer } from '../../contracts/tracing.js';
import type { Upstream } from '../../contracts/upstream.js';
import { compileIpSet, type IpSet } from '../../http/ip-set.js';
import { bodyRulesOf } from '../../proxy/body-rules.js';
import { WorkerDataPlane } from '../../proxy/data-plane.js';
import { RequestExplainer } from '../../proxy/explain/index.js';
import { createFilter } from '../../proxy/filters/index.js';
import { createForwarder, forwardedLinesFor, RequestMirror } from '../../proxy/forwarder/index.js';
import { Graph } from '../../proxy/graph.js';
import type { Disposable } from '../../proxy/graph.js';
import { HttpProxy } from '../../proxy/http-proxy.js';
import {
  ConnectionCap,
  describeConnection,
  Listener,
  ProxiedPeers,
  readQuestion,
} from '../../proxy/listener/index.js';
import { RequestIds } from '../../proxy/request-id.js';
import { compileRewrite, compileRouter } from '../../proxy/router/index.js';
import { TimerWheel } from '../../proxy/timer-wheel.js';
import { UpstreamGroup } from '../../proxy/upstream/index.js';
import { compileSplit } from '../../proxy/upstream-split.js';

/** The composition root of a worker: the only place that makes the parts of the data plane and joins them. */

export interface ComposeServices {
  readonly telemetry: Telemetry;
  readonly keySets: KeySetSource;
  readonly endpoints: { feedFor(version: number): EndpointFeed };
  readonly overload: Overload;
  readonly tracing: { tracerFor(snapshot: ConfigSnapshot): Tracer | undefined };
}

/** The process-lived parts, around the graph of the first snapshot. Throws when that one cannot be served. */
export function compose(snapshot: ConfigSnapshot, services: ComposeServices): DataPlane {
  const { telemetry, overload } = services;
  const timers = new TimerWheel();
  const shared: GraphServices = { ...services, timers, live: true };
  const graph = composeGraph(snapshot, shared);
  const requestIds = new RequestIds();
  const proxy = new HttpProxy({ graph, telemetry, timers, requestIds, overload });
  const drain = { active: false, patient: false };
  const cap = new ConnectionCap(snapshot.maxConnectionsPerWorker, overload);
  const listeners = snapshot.listeners.map((config) => {
    const context = {
      ...{
        config,
        telemetry,
        timers,
        overload,
        handler: proxy.handle,
        nextId: () => requestIds.next(),
        isDraining: () => drain.active,
        isPatient: () => drain.patient,
        peers: config.proxyProtocol === undefined ? undefined : new ProxiedPeers(),
      },
      get trusted() {
        return proxy.graph.trusted;
      },
      get proxyName() {
        return proxy.graph.proxyName;
      },
    };
    return new Listener(context, cap, snapshot.accept);
  });
  const composeNext = (next: ConfigSnapshot): Graph => composeGraph(next, shared);
  const updateCap = (): void => cap.update();
  return new WorkerDataPlane({ proxy, listeners, composeGraph: composeNext, timers, drain, updateCap });
}

/**
 * What would become of a request under this snapshot, without a listener, a worker or a connection. Throws when it cannot be
 * served. Endpoints are as configured: nobody has looked at them.
 */
export function explainOnce(
  snapshot: ConfigSnapshot,
  services: Omit<ComposeServices, 'overload'>,
  question: ExplainQuestion,
): ExplainAnswer {
  const timers = new TimerWheel();
  const graph = composeGraph(snapshot, { ...services, timers, live: false, overload: undefined });
  try {
    return graph.explain?.(question) ?? { problem: 'nothing explains it' };
  } finally {
    graph.dispose();
    timers.dispose();
  }
}

interface GraphServices extends Omit<ComposeServices, 'overload'> {
  readonly timers: Timers;
  /** It serves. */
  readonly live: boolean;
  readonly overload: Overload | undefined;
}

/** Everything that a reload replaces. What was made is released again when a later part cannot be. */
function composeGraph(snapshot: ConfigSnapshot, services: GraphServices): Graph {
  const owned: Disposable[] = [];
  try {
    const upstreams = composeUpstreams(snapshot, services, owned);
    const filterServices: FilterServices = { now: () => Date.now(), keySets: services.keySets };
    const mirrorServices = { ...services, forwardedLines: forwardedLinesFor(snapshot.forwarded) };
    const parts = { upstreams, filterServices, mirrorServices, owned };
    const routes = snapshot.routes.map((route) => composeRoute(route, parts));
    const served = {
      router: compileRouter(routes),
      forwarder: createForwarder(snapshot.forwarded, services),
      requestIdField: snapshot.forwarded.requestIdField,
      proxyName: snapshot.forwarded.via,
      trusted: compileIpSet(snapshot.trustedProxies),
      traceFrom: traceFromOf(snapshot),
    };
    const tracer = services.tracing.tracerFor(snapshot);
    const { explain } = composeExplainer(snapshot, served, services);
    return new Graph({ ...served, owned, explain, tracer });
  } catch (error) {
    for (const part of owned) part.dispose?.();
    throw error;
  }
}

/** Undefined where nobody may ask, so that nobody is looked at. */
function traceFromOf({ traceFrom = [] }: ConfigSnapshot): IpSet | undefined {
  return traceFrom.length === 0 ? undefined : compileIpSet(traceFrom);
}

function composeExplainer(
  { version, listeners, written }: ConfigSnapshot,
  served: Pick<
    ConstructorParameters<typeof RequestExplainer>[0],
    'router' | 'forwarder' | 'requestIdField' | 'trusted'
  >,
  { live, timers, overload }: GraphServices,
): RequestExplainer {
  const now = (): number => timers.now();
  const place = { configVersion: version, live, listeners, written, overload };
  return new RequestExplainer({ ...served, ...place, readQuestion, describeConnection, now });
}

function composeUpstreams(
  snapshot: ConfigSnapshot,
  services: GraphServices,
  owned: Disposable[],
): ReadonlyMap<string, Upstream> {
  const endpoints = services.endpoints.feedFor(snapshot.version);
  const upstreams = new Map(
    snapshot.upstreams.map(
      (config) => [config.name, new UpstreamGroup(config, { ...services, endpoints })] as const,
    ),
  );
  owned.push(...upstreams.values());
  return upstreams;
}

interface RouteParts {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly filterServices: FilterServices;
  readonly mirrorServices: ConstructorParameters<typeof RequestMirror>[2];
  readonly owned: Disposable[];
}

function composeRoute(config: RouteConfig, parts: RouteParts): RouteEntry<CompiledRoute> {
  const { upstreams, filterServices, owned } = parts;
  const filters = config.filters.map((filter) => createFilter(filter, filterServices));
  owned.push(...filters);
  const target: CompiledRoute = {
    name: config.name,
    config,
    filters,
    bodyRules: bodyRulesOf(filters),
    upstream: config.upstream === undefined ? undefined : upstreams.get(config.upstream),
    split: config.split && compileSplit(config.split, upstreams),
    mirror: composeMirror(config, parts),
    rewritePath: compileRewrite(config.rewrite),
  };
  return { config, target };
}

function composeMirror(route: RouteConfig, parts: RouteParts): Mirror | undefined {
  const upstream = route.mirror && parts.upstreams.get(route.mirror.upstream);
  if (route.mirror === undefined || upstream === undefined) return undefined;
  const mirror = new RequestMirror(route.mirror, upstream, parts.mirrorServices);
  parts.owned.push(mirror);
  return mirror;
}
