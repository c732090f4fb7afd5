/** Owns the predicates of one route that are not about host and path: method, fields, query. */
import type { FieldPredicate } from '../../contracts/config.js';
import type { FailedPredicate } from '../../contracts/explanation.js';
import type { Fields } from '../../contracts/fields.js';
import type { RequestHead } from '../../contracts/message.js';
import type { RouteEntry, RouteMatch } from '../../contracts/router.js';
import { queryMatches, queryValues } from '../../http/query-parameter.js';
import { shownField, shownValue } from '../../http/secret-value.js';

/** One route on the node its host and path led to. */
export interface Candidate<T> {
  /** Handed out as it is, so that a match allocates nothing. */
  readonly matched: Extract<RouteMatch<T>, { kind: 'matched' }>;
  /** undefined for any. A route for GET is a route for HEAD (RFC 9110 section 9.3.2). */
  readonly methods: ReadonlySet<string> | undefined;
  readonly headers: readonly FieldPredicate[];
  readonly query: readonly FieldPredicate[];
  /** Of CONNECT requests; undefined for any. */
  readonly ports: ReadonlySet<number> | undefined;
  readonly predicateCount: number;
  /** Segments of its path before `/*`: the longer prefix wins. */
  readonly depth: number;
}

const ANY_PORT = { ports: [] };

export function candidateOf<T>(entry: RouteEntry<T>, depth: number): Candidate<T> {
  const { methods, headers, query } = entry.config.match;
  const { ports } = entry.config.connect ?? ANY_PORT;
  return {
    matched: { kind: 'matched', target: entry.target },
    methods: methods.length === 0 ? undefined : new Set(methods.flatMap(impliedMethods)),
    headers: headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    query,
    ports: ports.length === 0 ? undefined : new Set(ports),
    predicateCount: (methods.length > 0 ? 1 : 0) + (ports.length > 0 ? 1 : 0) + headers.length + query.length,
    depth,
  };
}

/** Puts a candidate behind those with as many predicates or more: what is left is the order of configuration. */
export function insertCandidate<T>(candidates: Candidate<T>[], candidate: Candidate<T>): void {
  const after = candidates.findIndex((other) => other.predicateCount < candidate.predicateCount);
  candidates.splice(after < 0 ? candidates.length : after, 0, candidate);
}

/** The first candidate that takes this request. */
export function pickCandidate<T>(
  candidates: readonly Candidate<T>[],
  head: RequestHead,
): Candidate<T> | undefined {
  for (const candidate of candidates) {
    if (takesMethod(candidate, head.method) && takesRest(candidate, head)) return candidate;
  }
  return undefined;
}

/** Adds the methods of those that would take this request if only its method were another. */
export function collectMethods<T>(
  candidates: readonly Candidate<T>[],
  head: RequestHead,
  allow: Set<string>,
): void {
  for (const candidate of candidates) {
    if (candidate.methods === undefined || !takesRest(candidate, head)) continue;
    for (const method of candidate.methods) allow.add(method);
  }
}

/** What stands in the way of this request once host and path fit, as `pickCandidate` judges it; undefined when nothing does. */
export function firstUnmet<T>(candidate: Candidate<T>, head: RequestHead): FailedPredicate | undefined {
  const { methods, ports } = candidate;
  if (!takesPort(candidate, head))
    return { predicate: 'ports', wanted: [...(ports ?? [])].join(', '), got: String(portOf(head.authority)) };
  if (!takesMethod(candidate, head.method))
    return { predicate: 'methods', wanted: [...(methods ?? [])].join(', '), got: head.method };
  const field = candidate.headers.find((predicate) => !fieldMatches(head.fields, predicate));
  if (field !== undefined) return unmet('headers', field, head.fields.getAll(field.name));
  const parameter = candidate.query.find((predicate) => !parameterMatches(head.query, predicate));
  if (parameter === undefined) return undefined;
  return unmet('query', parameter, queryValues(head.query, parameter.name, SHOWN_VALUES));
}

/** Of one field or parameter. */
const SHOWN_VALUES = 3;
const SHOWN_LENGTH = 120;

function unmet(
  predicate: 'headers' | 'query',
  { name, value }: FieldPredicate,
  values: readonly string[],
): FailedPredicate {
  const shown = predicate === 'headers' ? shownField : shownValue;
  const told = values.slice(0, SHOWN_VALUES).map((got) => shown(name, got));
  return {
    predicate,
    name,
    wanted: value === undefined ? 'any value' : shown(name, value),
    got: told.length === 0 ? 'absent' : told.join(', ').slice(0, SHOWN_LENGTH),
  };
}

function impliedMethods(method: string): readonly string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

function takesMethod<T>(candidate: Candidate<T>, method: string): boolean {
  return candidate.methods === undefined || candidate.methods.has(method);
}

function takesRest<T>(candidate: Candidate<T>, head: RequestHead): boolean {
  if (candidate.predicateCount === 0) return true;
  return (
    takesPort(candidate, head) &&
    candidate.headers.every((predicate) => fieldMatches(head.fields, predicate)) &&
    candidate.query.every((predicate) => parameterMatches(head.query, predicate))
  );
}

function takesPort<T>({ ports }: Candidate<T>, head: RequestHead): boolean {
  return ports === undefined || ports.has(portOf(head.authority));
}

const portOf = (authority: string): number => Number(authority.slice(authority.lastIndexOf(':') + 1));

const parameterMatches = (query: string, { name, value }: FieldPredicate): boolean =>
  queryMatches(query, name, value);

function fieldMatches(fields: Fields, predicate: FieldPredicate): boolean {
  if (predicate.value === undefined) return fields.has(predicate.name);
  return fields.getAll(predicate.name).includes(predicate.value);
}
