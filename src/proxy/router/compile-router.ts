/** Owns the choice of host, and the order in which the path tables are asked. */
import type { RequestHead } from '../../contracts/message.js';
import type {
  ExplainingRouter,
  RouteEntry,
  RouteMatch,
  Router,
  RoutesExplanation,
} from '../../contracts/router.js';
import type { Candidate } from './candidate.js';
import { explainCandidates } from './explain-candidates.js';
import { pathKey } from './path-key.js';
import { PathTable } from './path-table.js';

const NOT_FOUND = { kind: 'not-found' } as const;

/** Compiles routes into a Router. Throws a RangeError naming the route whose path no request can have. */
export function compileRouter<T>(entries: readonly RouteEntry<T>[]): ExplainingRouter<T> {
  const router = new MethodRouter<T>();
  for (const entry of entries) {
    try {
      router.add(entry);
    } catch (cause) {
      throw new RangeError(`route ${entry.config.name} cannot be compiled`, { cause });
    }
  }
  return router;
}

/** CONNECT requests have routes of their own: what is behind those speaks no HTTP, and what is behind the others nothing else. */
class MethodRouter<T> implements ExplainingRouter<T> {
  private readonly entries: RouteEntry<T>[] = [];
  private readonly plain = new HostRouter<T>();
  private readonly connect = new HostRouter<T>();

  add(entry: RouteEntry<T>): void {
    (entry.config.connect === undefined ? this.plain : this.connect).add(entry);
    this.entries.push(entry);
  }

  match(head: RequestHead): RouteMatch<T> {
    return head.connect === 'tcp' ? this.connect.match(head) : this.plain.match(head);
  }

  explain(head: RequestHead, limit: number): RoutesExplanation<T> {
    const match = this.match(head);
    const chosen = match.kind === 'matched' ? match.target : undefined;
    const candidates = explainCandidates(this.entries, { head, chosen, limit });
    return { match, total: this.entries.length, candidates };
  }
}

class HostRouter<T> implements Router<T> {
  private readonly exact = new Map<string, PathTable<T>>();
  /** By what follows the star, with its dot: `.example.com`. */
  private readonly wildcard = new Map<string, PathTable<T>>();
  private readonly any = new PathTable<T>();

  add(entry: RouteEntry<T>): void {
    const { hosts } = entry.config.match;
    if (hosts.length === 0) this.any.add(entry);
    for (const host of new Set(hosts.map((written) => written.toLowerCase()))) this.tableFor(host).add(entry);
  }

  match(head: RequestHead): RouteMatch<T> {
    const key = pathKey(head.path);
    const found =
      this.exact.get(head.host)?.find(key, head) ??
      this.findByWildcard(key, head) ??
      this.any.find(key, head);
    return found === undefined ? this.explainMiss(key, head) : found.matched;
  }

  private tableFor(host: string): PathTable<T> {
    if (host === '*') return this.any;
    const tables = host.startsWith('*.') ? this.wildcard : this.exact;
    const name = host.startsWith('*.') ? host.slice(1) : host;
    const table = tables.get(name) ?? new PathTable<T>();
    tables.set(name, table);
    return table;
  }

  /** From the longest suffix to the shortest; at least one label must stand before it. */
  private findByWildcard(key: string, head: RequestHead): Candidate<T> | undefined {
    if (this.wildcard.size === 0) return undefined;
    for (let dot = head.host.indexOf('.', 1); dot > 0; dot = head.host.indexOf('.', dot + 1)) {
      const found = this.wildcard.get(head.host.slice(dot))?.find(key, head);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private explainMiss(key: string, head: RequestHead): RouteMatch<T> {
    const allow = new Set<string>();
    this.exact.get(head.host)?.collectMethods(key, head, allow);
    for (let dot = head.host.indexOf('.', 1); dot > 0; dot = head.host.indexOf('.', dot + 1)) {
      this.wildcard.get(head.host.slice(dot))?.collectMethods(key, head, allow);
    }
    this.any.collectMethods(key, head, allow);
    return allow.size === 0 ? NOT_FOUND : { kind: 'method-not-allowed', allow: [...allow] };
  }
}
