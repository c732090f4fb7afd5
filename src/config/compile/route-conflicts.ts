/**
 * Owns the search for routes that can never be reached, by the rule of contracts/router.ts: host, then path, then the
 * number of predicates, then the order. Only routes with the same host and the same path shape can hide one another
 * wholly: a more specific host or path is always a part of the less specific one.
 */
import type { FieldPredicate, RouteConfig } from '../../contracts/config.js';
import type { ConfigReport } from '../config-report.js';

interface Candidate {
  readonly index: number;
  readonly route: RouteConfig;
}

const ANY_HOST = '*';

/** Duplicates are errors, and so are routes that others hide on every one of their hosts: nobody means a route that is dead. */
export function reportRouteConflicts(routes: readonly RouteConfig[], report: ConfigReport): void {
  const groups = groupByPlace(routes);
  const hiddenHosts = new Map<number, Set<RouteConfig>>();
  const duplicates = new Set<number>();
  const visibleSomewhere = new Set<number>();
  for (const group of groups.values()) {
    for (const candidate of group) {
      const twin = duplicates.has(candidate.index) ? undefined : twinOf(candidate, group);
      if (twin !== undefined) {
        duplicates.add(candidate.index);
        report.error(
          ['routes', candidate.index, 'match'],
          `matches exactly the same requests as route "${twin.name}" on the same host`,
        );
      }
      const hiders = hidersOf(candidate, group);
      if (hiders.length === 0) visibleSomewhere.add(candidate.index);
      for (const hider of hiders)
        hiddenHosts.set(candidate.index, (hiddenHosts.get(candidate.index) ?? new Set()).add(hider));
    }
  }
  for (const [index, hiders] of hiddenHosts) {
    if (duplicates.has(index) || visibleSomewhere.has(index)) continue;
    const names = [...hiders].map((hider) => `"${hider.name}"`).join(', ');
    report.error(
      ['routes', index, 'match'],
      `can never be reached: ${names} ${hiders.size > 1 ? 'take' : 'takes'} every request first`,
    );
  }
}

function groupByPlace(routes: readonly RouteConfig[]): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const [index, route] of routes.entries()) {
    const shape = route.match.path.replace(/\/:[^/]*/g, '/:');
    for (const host of route.match.hosts.length === 0 ? [ANY_HOST] : route.match.hosts) {
      const kind = route.connect === undefined ? '' : ' CONNECT';
      const place = `${host} ${shape}${kind}`;
      groups.set(place, [...(groups.get(place) ?? []), { index, route }]);
    }
  }
  return groups;
}

function twinOf(candidate: Candidate, group: readonly Candidate[]): RouteConfig | undefined {
  const own = predicateKey(candidate.route);
  return group.find((other) => other.index < candidate.index && predicateKey(other.route) === own)?.route;
}

function predicateKey(route: RouteConfig): string {
  const { methods, headers, query } = route.match;
  const ports = [...(route.connect?.ports ?? [])].sort();
  return JSON.stringify([[...methods].sort(), sortedPredicates(headers), sortedPredicates(query), ports]);
}

const sortedPredicates = (predicates: readonly FieldPredicate[]): string[] =>
  predicates.map((predicate) => JSON.stringify([predicate.name, predicate.value ?? null])).sort();

/** The routes that together take every request of this one; empty when a request is left for it. */
function hidersOf(candidate: Candidate, group: readonly Candidate[]): readonly RouteConfig[] {
  const rivals = group.filter(
    (other) => ranksHigher(other, candidate) && asksForNoMore(other.route, candidate.route),
  );
  const { methods } = candidate.route.match;
  const wanted = methods.length === 0 ? [undefined] : methods;
  const hiders = wanted.map((method) => rivals.find((rival) => takesMethod(rival.route, method))?.route);
  return hiders.every((hider) => hider !== undefined) ? [...new Set(hiders)] : [];
}

function ranksHigher(other: Candidate, candidate: Candidate): boolean {
  const difference = predicateCount(other.route) - predicateCount(candidate.route);
  return difference > 0 || (difference === 0 && other.index < candidate.index);
}

const predicateCount = ({ match, connect }: RouteConfig): number =>
  (match.methods.length > 0 ? 1 : 0) +
  ((connect?.ports.length ?? 0) > 0 ? 1 : 0) +
  match.headers.length +
  match.query.length;

/** Every header and query predicate of `other` holds whenever those of `route` do. */
function asksForNoMore(other: RouteConfig, route: RouteConfig): boolean {
  const implied = (predicates: readonly FieldPredicate[], given: readonly FieldPredicate[]): boolean =>
    predicates.every((wanted) =>
      given.some(
        (one) => one.name === wanted.name && (wanted.value === undefined || wanted.value === one.value),
      ),
    );
  const ports = other.connect?.ports ?? [];
  const portsImplied =
    ports.length === 0 ||
    (route.connect !== undefined &&
      route.connect.ports.length > 0 &&
      route.connect.ports.every((port) => ports.includes(port)));
  return (
    portsImplied &&
    implied(other.match.headers, route.match.headers) &&
    implied(other.match.query, route.match.query)
  );
}

function takesMethod(route: RouteConfig, method: string | undefined): boolean {
  return route.match.methods.length === 0 || (method !== undefined && route.match.methods.includes(method));
}
