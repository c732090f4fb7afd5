/** Owns the routes of one host pattern: literal paths in one map, everything else in the segment trie. */
import type { RequestHead } from '../../contracts/message.js';
import type { RouteEntry } from '../../contracts/router.js';
import { type Candidate, candidateOf, collectMethods, insertCandidate, pickCandidate } from './candidate.js';
import { parsePathPattern } from './path-pattern.js';
import { SegmentTrie } from './segment-trie.js';

export class PathTable<T> {
  private readonly literal = new Map<string, Candidate<T>[]>();
  private readonly patterns = new SegmentTrie<T>();

  add(entry: RouteEntry<T>): void {
    const pattern = parsePathPattern(entry.config.match.path);
    const candidate = candidateOf(entry, pattern.segments.length);
    if (pattern.isPrefix || pattern.hasParameters) {
      this.patterns.add(pattern, candidate);
      return;
    }
    const key = `/${pattern.segments.join('/')}`;
    const candidates = this.literal.get(key) ?? [];
    insertCandidate(candidates, candidate);
    this.literal.set(key, candidates);
  }

  find(key: string, head: RequestHead): Candidate<T> | undefined {
    const literal = this.literal.get(key);
    const found = literal === undefined ? undefined : pickCandidate(literal, head);
    return found ?? this.patterns.find(key, head);
  }

  collectMethods(key: string, head: RequestHead, allow: Set<string>): void {
    collectMethods(this.literal.get(key) ?? [], head, allow);
    this.patterns.collectMethods(key, head, allow);
  }
}
