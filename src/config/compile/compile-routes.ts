/** Owns the step from `routes` as written to routes as served: references hold, rewrites fit, names are unique. */
import type { FieldPredicate, RewriteConfig, RouteConfig, RouteMatchConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import { nearestKey } from '../nearest-key.js';
import type { RouteDocument } from '../schema/route-schema.js';
import type { CompileContext } from './compile-context.js';
import { compileFilters } from './compile-filters.js';
import { compileRetry } from './compile-retry.js';
import { reportDuplicates } from './duplicates.js';
import { reportRouteConflicts } from './route-conflicts.js';

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
    checkUpstream(route, { path, upstreams }, context);
    return compileRoute(route, path, context);
  });
  reportRouteConflicts(compiled, context.report);
  return compiled;
}

function compileRoute(route: RouteDocument, path: ConfigPath, context: CompileContext): RouteConfig {
  return {
    name: route.name,
    match: compileMatch(route.match),
    filters: compileFilters(route.filters, [...path, 'filters'], context),
    upstream: route.upstream,
    rewrite: route.rewrite && compileRewrite(route, [...path, 'rewrite'], context),
    timeouts: {
      requestMs: route.timeouts.request,
      responseHeadMs: route.timeouts.responseHead,
      idleMs: route.timeouts.idle,
      deadlineField: route.timeouts.deadlineHeader,
    },
    retry: compileRetry(route.retry),
    upgrades: [...new Set(route.upgrades)],
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

function checkUpstream(
  route: RouteDocument,
  place: { readonly path: ConfigPath; readonly upstreams: readonly string[] },
  context: CompileContext,
): void {
  const path = [...place.path, 'upstream'];
  const redirects = route.filters.some((filter) => filter.redirect !== undefined);
  if (route.upstream === undefined) {
    if (!redirects && !context.allowsMissingUpstream)
      context.report.error(path, 'is required: only routes with a redirect filter can do without');
  } else if (!place.upstreams.includes(route.upstream)) {
    const nearest = nearestKey(route.upstream, place.upstreams);
    const hint =
      nearest === undefined
        ? `defined: ${place.upstreams.join(', ') || 'none'}`
        : `did you mean "${nearest}"?`;
    context.report.error(path, `there is no upstream "${route.upstream}" (${hint})`);
  } else if (redirects) {
    context.report.warn(path, 'is never used: the redirect filter answers every request');
  }
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
