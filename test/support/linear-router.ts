/** Owns a second, plain reading of the matching rules: every route is asked in turn. Slow on purpose; the router must agree. */
import type { RouteConfig } from '../../src/contracts/config.js';
import type { RequestHead } from '../../src/contracts/message.js';
import type { RouteMatch } from '../../src/contracts/router.js';

/** Bigger is more specific, compared from the left. */
type Rank = readonly number[];

interface Hit {
  readonly route: RouteConfig;
  readonly rank: Rank;
}

/** Paths in ASCII without escapes only. `allow` is sorted. */
export function matchLinearly(routes: readonly RouteConfig[], head: RequestHead): RouteMatch<string> {
  const hits = routes
    .flatMap((route, index) => hitOf(route, index, head))
    .sort((one, two) => compare(two.rank, one.rank));
  const taken = hits.find(
    ({ route }) => methodsOf(route).length === 0 || methodsOf(route).includes(head.method),
  );
  if (taken !== undefined) return { kind: 'matched', target: taken.route.name };
  if (hits.length === 0) return { kind: 'not-found' };
  return {
    kind: 'method-not-allowed',
    allow: [...new Set(hits.flatMap(({ route }) => methodsOf(route)))].sort(),
  };
}

function hitOf(route: RouteConfig, index: number, head: RequestHead): Hit[] {
  const { match } = route;
  const host = hostRank(match.hosts, head.host);
  const path = pathRank(match.path, head.path);
  const headers = match.headers.every(({ name, value }) =>
    value === undefined ? head.fields.has(name) : head.fields.getAll(name).includes(value),
  );
  const parameters = new URLSearchParams(head.query);
  const query = match.query.every(({ name, value }) =>
    value === undefined ? parameters.has(name) : parameters.getAll(name).includes(value),
  );
  if (host < 0 || path === undefined || !headers || !query) return [];
  const predicates = Math.min(1, match.methods.length) + match.headers.length + match.query.length;
  return [{ route, rank: [host, ...path, predicates, -index] }];
}

function hostRank(hosts: readonly string[], host: string): number {
  if (hosts.length === 0) return 0;
  const ranks = hosts.map((pattern) => {
    if (pattern === host) return Number.MAX_SAFE_INTEGER;
    return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1
      ? pattern.length
      : -1;
  });
  return Math.max(...ranks);
}

/** Exact, then with parameters, then prefixes by length; between equals, literal segments from the left. */
function pathRank(pattern: string, path: string): Rank | undefined {
  const prefix = pattern.endsWith('/*');
  const wanted = (prefix ? pattern.slice(0, -2) : pattern).split('/').slice(1);
  const given = path.split('/').slice(1);
  if (prefix ? given.length < wanted.length : given.length !== wanted.length) return undefined;
  const literal = wanted.map((segment) => (segment.startsWith(':') ? 0 : 1));
  const fits = wanted.every((segment, index) =>
    segment.startsWith(':') ? given[index] !== '' : segment === given[index],
  );
  if (!fits) return undefined;
  const padded = [...literal, ...Array<number>(8 - literal.length).fill(0)];
  return prefix ? [0, wanted.length, ...padded] : [1, 0, ...padded];
}

function methodsOf(route: RouteConfig): readonly string[] {
  return route.match.methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

function compare(one: Rank, two: Rank): number {
  const index = one.findIndex((value, at) => value !== two[at]);
  return index < 0 ? 0 : (one[index] ?? 0) - (two[index] ?? 0);
}
