/**
 * Owns the account of a match: every route in the order of precedence, with the first predicate that a request does not meet. A
 * second, plain reading of the rules for host and path; which route is chosen is never decided here (a property test holds the
 * two together).
 */
import type { RouteMatchConfig } from '../../contracts/config.js';
import type { ExplainedCandidate, FailedPredicate } from '../../contracts/explanation.js';
import type { RequestHead } from '../../contracts/message.js';
import type { RouteEntry } from '../../contracts/router.js';
import { shownField, shownValue } from '../../http/secret-value.js';
import { candidateOf, firstUnmet } from './candidate.js';
import { pathKey } from './path-key.js';
import { parsePathPattern, type PathPattern } from './path-pattern.js';

export interface CandidatesQuestion<T> {
  readonly head: RequestHead;
  /** What the router decided. */
  readonly chosen: T | undefined;
  readonly limit: number;
}

/** One route, and how far the request came with it. */
interface Judged<T> {
  readonly entry: RouteEntry<T>;
  readonly index: number;
  readonly failed: FailedPredicate | undefined;
  /** Bigger is asked earlier: compared list by list, and in each from the left. */
  readonly rank: readonly (readonly number[])[];
  /** Bigger is nearer: the number of the stage that failed, and for paths the segments that fit. */
  readonly nearness: number;
}

/** Stages of a match, in the order in which they are looked at. */
const KIND = 0;
const HOST = 1;
const PATH = 2;
const REST = 3;
const TAKEN = 4;

export function explainCandidates<T>(
  entries: readonly RouteEntry<T>[],
  { head, chosen, limit }: CandidatesQuestion<T>,
): readonly ExplainedCandidate[] {
  const judged = entries.map((entry, index) => judge(entry, index, head));
  const nearest = judged.sort((one, two) => two.nearness - one.nearness || precedence(one, two));
  return nearest
    .slice(0, limit)
    .sort(precedence)
    .map(({ entry, index, failed }) => ({
      route: entry.config.name,
      index,
      result: resultOf(entry.target === chosen, failed),
      ...(failed === undefined ? {} : { failed }),
      match: describeMatch(entry.config.match),
    }));
}

const resultOf = (isChosen: boolean, failed: FailedPredicate | undefined): ExplainedCandidate['result'] => {
  if (isChosen) return 'chosen';
  return failed === undefined ? 'outranked' : 'failed';
};

function judge<T>(entry: RouteEntry<T>, index: number, head: RequestHead): Judged<T> {
  const { match, connect } = entry.config;
  const pattern = parsePathPattern(match.path);
  const candidate = candidateOf(entry, pattern.segments.length);
  const isKind = (connect !== undefined) === (head.connect === 'tcp');
  const host = hostRank(match.hosts, head.host);
  const given = segmentsOf(head.path);
  const fitting = leadingFits(pattern, given);
  const unmet = isKind && host >= 0 && fits(pattern, given) ? firstUnmet(candidate, head) : undefined;
  const rank = [
    [isKind ? 1 : 0, host >= 0 ? host : staticHostRank(match.hosts)],
    ...pathRank(pattern),
    [candidate.predicateCount, -index],
  ];
  const judged = { entry, index, rank };
  if (!isKind) return { ...judged, nearness: KIND, failed: wrongKind(connect !== undefined, head) };
  if (host < 0) return { ...judged, nearness: HOST, failed: wrongHost(match.hosts, head) };
  if (!fits(pattern, given)) return { ...judged, nearness: PATH + fitting, failed: wrongPath(match, head) };
  return { ...judged, nearness: unmet === undefined ? TAKEN : REST, failed: unmet };
}

function precedence<T>(one: Judged<T>, two: Judged<T>): number {
  for (const [at, numbers] of one.rank.entries()) {
    const difference = compareLists(numbers, two.rank[at] ?? []);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Descending; what a shorter list lacks counts as 0. */
function compareLists(one: readonly number[], two: readonly number[]): number {
  const length = Math.max(one.length, two.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (two[at] ?? 0) - (one[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

// ---- host ------------------------------------------------------------------------------------------------------------

/** Above the length of any wildcard: RFC 1035 allows 253 characters. */
const EXACT = 1000;

/** Of the most specific pattern that takes the host; -1 when none does. */
function hostRank(hosts: readonly string[], host: string): number {
  if (hosts.length === 0) return 0;
  return Math.max(...hosts.map((pattern) => (takesHost(pattern.toLowerCase(), host) ? rankOf(pattern) : -1)));
}

const staticHostRank = (hosts: readonly string[]): number => Math.max(0, ...hosts.map(rankOf));

function takesHost(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  if (!pattern.startsWith('*.')) return pattern === host;
  return host.length > pattern.length - 1 && host.endsWith(pattern.slice(1));
}

function rankOf(pattern: string): number {
  if (pattern === '*') return 0;
  return pattern.startsWith('*.') ? pattern.length : EXACT;
}

// ---- path ------------------------------------------------------------------------------------------------------------

const segmentsOf = (path: string): readonly string[] => pathKey(path).split('/').slice(1);

function fits(pattern: PathPattern, given: readonly string[]): boolean {
  const { segments, isPrefix } = pattern;
  if (isPrefix ? given.length < segments.length : given.length !== segments.length) return false;
  return segments.every((segment, index) => fitsSegment(segment, given[index]));
}

function fitsSegment(wanted: string | undefined, given: string | undefined): boolean {
  return wanted === undefined ? given !== undefined && given !== '' : wanted === given;
}

/** How much of the path fits from the left, from 0 to just below 1. */
function leadingFits({ segments }: PathPattern, given: readonly string[]): number {
  const end = segments.findIndex((segment, index) => !fitsSegment(segment, given[index]));
  const count = end < 0 ? segments.length : end;
  return count / (count + 1);
}

/** Whole paths before prefixes, of prefixes the longest; then who is literal earlier. */
function pathRank({ segments, isPrefix }: PathPattern): readonly (readonly number[])[] {
  const literal = segments.map((segment) => (segment === undefined ? 0 : 1));
  return [isPrefix ? [0, segments.length] : [1, 0], literal];
}

// ---- words -----------------------------------------------------------------------------------------------------------

const wrongKind = (takesConnect: boolean, head: RequestHead): FailedPredicate => ({
  predicate: 'kind',
  wanted: takesConnect ? 'CONNECT' : 'any request but CONNECT',
  got: head.connect === 'tcp' ? 'CONNECT' : head.method,
});

const wrongHost = (hosts: readonly string[], head: RequestHead): FailedPredicate => ({
  predicate: 'host',
  wanted: listed(hosts),
  got: head.host === '' ? 'none' : head.host,
});

const wrongPath = ({ path }: RouteMatchConfig, head: RequestHead): FailedPredicate => ({
  predicate: 'path',
  wanted: path,
  got: head.path,
});

const LISTED = 5;

function listed(words: readonly string[]): string {
  const shown = words.slice(0, LISTED).join(', ');
  return words.length > LISTED ? `${shown}, and ${String(words.length - LISTED)} more` : shown;
}

function describeMatch({ hosts, path, methods, headers, query }: RouteMatchConfig): string {
  const parts = [hosts.length === 0 ? path : `${listed(hosts)} ${path}`];
  if (methods.length > 0) parts.push(methods.join(','));
  for (const { name, value } of headers)
    parts.push(`header ${name}${value === undefined ? '' : `=${shownField(name, value)}`}`);
  for (const { name, value } of query)
    parts.push(`query ${name}${value === undefined ? '' : `=${shownValue(name, value)}`}`);
  return parts.join(' ');
}
