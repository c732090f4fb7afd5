/** Owns the step from `routes` as written to routes as served: references hold, rewrites fit, names are unique. */
import type { FieldPredicate, RewriteConfig, RouteConfig, RouteMatchConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import type { RouteDocument } from '../schema/route/route-schema.js';
import { compileMirror, compileSplit, type UpstreamPlace } from './compile-balancing.js';
import type { CompileContext } from './compile-context.js';
import { compileFilters } from './compile-filters.js';
import { compileRetry } from './compile-retry.js';
import { compileConnect } from './compile-connect.js';
import { reportDuplicates } from './duplicates.js';
import { reportRouteConflicts } from './route-conflicts.js';
import { reportUnknownUpstream } from './upstream-names.js';

const DEFAULT_RESPONSE_HEAD_MS = 15_000;

export function compileRoutes(
  routes: readonly RouteDocument[],
  upstreams: readonly string[],
  context: CompileContext,
): readonly RouteConfig[] {
  reportDuplicates(
    routes.map((route, index) => ({ path: ['routes', index, 'name'], value: route.name })),
    context.report,
  );
  const compiled = routes.map((route, index) => {
    const path: ConfigPath = ['routes', index];
    return compileRoute(route, { path, upstreams }, context);
  });
  reportRouteConflicts(compiled, context.report);
  return compiled;
}

function compileRoute(route: RouteDocument, place: UpstreamPlace, context: CompileContext): RouteConfig {
  const { path, upstreams } = place;
  const targets = compileTargets(route, place, context);
  const own = targets.split?.targets.map(({ upstream }) => upstream) ?? [targets.upstream ?? []].flat();
  const mirrorPlace = { path: [...path, 'mirror'], upstreams, own };
  return {
    name: route.name,
    match: compileMatch(route.match),
    filters: compileFilters(route.filters, [...path, 'filters'], context),
    ...targets,
    mirror: route.mirror && compileMirror(route.mirror, mirrorPlace, context),
    rewrite: route.rewrite && compileRewrite(route, [...path, 'rewrite'], context),
    timeouts: {
      requestMs: route.timeouts.request,
      responseHeadMs: route.timeouts.responseHead ?? DEFAULT_RESPONSE_HEAD_MS,
      grpcResponseHeadMs: route.timeouts.responseHead ?? route.timeouts.idle,
      idleMs: route.timeouts.idle,
      deadlineField: route.timeouts.deadlineHeader,
    },
    retry: compileRetry(route.retry),
    overload: route.overload.priority,
    upgrades: [...new Set(route.upgrades)],
    websocket: route.websocket,
    connect: compileConnect(route, path, context),
    hostHeader: route.hostHeader,
  };
}

function compileMatch(match: RouteDocument['match']): RouteMatchConfig {
  return {
    hosts: [...new Set(match.host ?? [])],
    path: match.path,
    methods: [...new Set(match.methods ?? [])],
    headers: predicates(match.headers).map((predicate) => ({
      ...predicate,
      name: predicate.name.toLowerCase(),
    })),
    query: predicates(match.query),
  };
}

function predicates(values: Readonly<Record<string, string | undefined>>): readonly FieldPredicate[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** What serves the route: one upstream, a split between several, or nothing. Reports references that do not hold. */
function compileTargets(
  route: RouteDocument,
  { path, upstreams }: UpstreamPlace,
  context: CompileContext,
): Pick<RouteConfig, 'upstream' | 'split'> {
  const place = { path: [...path, 'upstream'], upstreams };
  const redirects = route.filters.some((filter) => filter.redirect !== undefined);
  if (route.upstream === undefined) {
    if (!redirects && !context.allowsMissingUpstream)
      context.report.error(place.path, 'is required: only routes with a redirect filter can do without');
    return { upstream: undefined, split: undefined };
  }
  if (redirects) context.report.warn(place.path, 'is never used: the redirect filter answers every request');
  if (typeof route.upstream !== 'string')
    return { upstream: undefined, split: compileSplit(route.upstream, place, context) };
  reportUnknownUpstream(route.upstream, place, context);
  return { upstream: route.upstream, split: undefined };
}

function compileRewrite(
  route: RouteDocument,
  path: ConfigPath,
  context: CompileContext,
): RewriteConfig | undefined {
  const { stripPrefix, replacePrefix } = route.rewrite ?? {};
  const prefix = stripPrefix ?? replacePrefix?.from;
  if (prefix === undefined) return undefined;
  if (!canBeginWith(route.match.path, prefix)) {
    const place = stripPrefix === undefined ? ['replacePrefix', 'from'] : ['stripPrefix'];
    context.report.error(
      [...path, ...place],
      `never applies: no path that matches ${route.match.path} begins with ${prefix}`,
    );
  }
  if (replacePrefix === undefined) return { kind: 'strip-prefix', prefix };
  return { kind: 'replace-prefix', prefix, replacement: replacePrefix.to };
}

/** Whether some path of the pattern begins with the prefix, at a segment boundary. */
function canBeginWith(pattern: string, prefix: string): boolean {
  if (prefix === '/') return true;
  const segments = pattern.split('/');
  for (const [index, segment] of prefix.split('/').entries()) {
    const own = segments[index];
    if (own === '*') return true;
    if (own !== segment && own?.startsWith(':') !== true) return false;
  }
  return true;
}
