import type { ConfigSnapshot, RouteConfig } from '../../contracts/config.js';
import type { FilterServices } from '../../contracts/filter.js';
import type { KeySetSource } from '../../contracts/key-set.js';
import type { DataPlane } from '../../contracts/lifecycle.js';
import type { CompiledRoute, RouteEntry } from '../../contracts/router.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Upstream } from '../../contracts/upstream.js';
import { compileIpSet } from '../../http/ip-set.js';
import { WorkerDataPlane } from '../../proxy/data-plane.js';
import { createFilter } from '../../proxy/filters/index.js';
import { createForwarder } from '../../proxy/forwarder/index.js';
import { HttpProxy } from '../../proxy/http-proxy.js';
import { Listener } from '../../proxy/listener/index.js';
import { RequestIds } from '../../proxy/request-id.js';
import { compileRewrite, compileRouter } from '../../proxy/router/index.js';
import { TimerWheel } from '../../proxy/timer-wheel.js';
import { UpstreamGroup } from '../../proxy/upstream/index.js';

/** The composition root of a worker: the only place that makes the parts of the data plane and joins them. */

export interface ComposeServices {
  readonly telemetry: Telemetry;
  readonly keySets: KeySetSource;
}

export function compose(snapshot: ConfigSnapshot, services: ComposeServices): DataPlane {
  const { telemetry } = services;
  const timers = new TimerWheel();
  const trusted = compileIpSet(snapshot.trustedProxies);
  const upstreams = new Map(
    snapshot.upstreams.map(
      (config) => [config.name, new UpstreamGroup(config, { timers, telemetry })] as const,
    ),
  );
  const filterServices: FilterServices = { now: () => Date.now(), keySets: services.keySets };
  const proxy = new HttpProxy({
    router: compileRouter(snapshot.routes.map((route) => compileRoute(route, upstreams, filterServices))),
    forwarder: createForwarder(snapshot.forwarded, { timers, telemetry }),
    telemetry,
    timers,
    requestIds: new RequestIds(),
    requestIdField: snapshot.forwarded.requestIdField,
    trusted,
  });
  const drain = { active: false };
  const shared = { handler: proxy.handle, telemetry, timers, trusted, isDraining: () => drain.active };
  const listeners = snapshot.listeners.map(
    (config) => new Listener({ config, ...shared }, snapshot.maxConnectionsPerWorker),
  );
  return new WorkerDataPlane({ proxy, listeners, upstreams: [...upstreams.values()], timers, drain });
}

function compileRoute(
  config: RouteConfig,
  upstreams: ReadonlyMap<string, Upstream>,
  services: FilterServices,
): RouteEntry<CompiledRoute> {
  const target: CompiledRoute = {
    name: config.name,
    config,
    filters: config.filters.map((filter) => createFilter(filter, services)),
    upstream: config.upstream === undefined ? undefined : upstreams.get(config.upstream),
    rewritePath: compileRewrite(config.rewrite),
  };
  return { config, target };
}
