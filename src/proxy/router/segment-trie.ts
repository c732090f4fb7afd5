/**
 * Owns the search for a path among patterns. A tree with one level a segment: a request visits each node at most once, goes
 * no deeper than the longest pattern, and never meets the routes beside its own way.
 */
import type { RequestHead } from '../../contracts/message.js';
import { type Candidate, collectMethods, insertCandidate, pickCandidate } from './candidate.js';
import type { PathPattern } from './path-pattern.js';

interface Node<T> {
  readonly statics: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  /** Routes whose path ends here. */
  readonly whole: Candidate<T>[];
  /** Routes whose prefix ends here. */
  readonly prefix: Candidate<T>[];
}

const createNode = <T>(): Node<T> => ({ statics: new Map(), parameter: undefined, whole: [], prefix: [] });

export class SegmentTrie<T> {
  private readonly root: Node<T> = createNode();
  private depth = 0;
  private isEmpty = true;

  add(pattern: PathPattern, candidate: Candidate<T>): void {
    let node = this.root;
    for (const segment of pattern.segments) {
      node = segment === undefined ? (node.parameter ??= createNode()) : staticChild(node, segment);
    }
    insertCandidate(pattern.isPrefix ? node.prefix : node.whole, candidate);
    this.depth = Math.max(this.depth, pattern.segments.length);
    this.isEmpty = false;
  }

  /** The best route for that path key: whole paths first, then the longest prefix. */
  find(key: string, head: RequestHead): Candidate<T> | undefined {
    if (this.isEmpty) return undefined;
    const segments = this.split(key);
    return findWhole(this.root, segments, 1, head) ?? findPrefix(this.root, segments, 1, head);
  }

  /** Adds the methods of every route on the way that refuses only the method. */
  collectMethods(key: string, head: RequestHead, allow: Set<string>): void {
    if (this.isEmpty) return;
    const segments = this.split(key);
    visit(this.root, segments, 1, (candidates) => collectMethods(candidates, head, allow));
  }

  /** One segment more than the deepest pattern has tells that the path goes on; the rest needs no splitting. */
  private split(key: string): readonly string[] {
    return key.split('/', this.depth + 2);
  }
}

function staticChild<T>(node: Node<T>, segment: string): Node<T> {
  const child = node.statics.get(segment) ?? createNode<T>();
  node.statics.set(segment, child);
  return child;
}

/** Depth first, static before parameter: of two patterns, the one that is literal earlier wins. */
function findWhole<T>(
  node: Node<T>,
  segments: readonly string[],
  index: number,
  head: RequestHead,
): Candidate<T> | undefined {
  const segment = segments[index];
  if (segment === undefined) return pickCandidate(node.whole, head);
  const next = node.statics.get(segment);
  const found = next === undefined ? undefined : findWhole(next, segments, index + 1, head);
  if (found !== undefined || node.parameter === undefined || segment === '') return found;
  return findWhole(node.parameter, segments, index + 1, head);
}

function findPrefix<T>(
  node: Node<T>,
  segments: readonly string[],
  index: number,
  head: RequestHead,
): Candidate<T> | undefined {
  const segment = segments[index];
  let best: Candidate<T> | undefined;
  if (segment !== undefined) {
    const next = node.statics.get(segment);
    if (next !== undefined) best = findPrefix(next, segments, index + 1, head);
    if (node.parameter !== undefined && segment !== '') {
      best = deeper(best, findPrefix(node.parameter, segments, index + 1, head));
    }
  }
  return best ?? pickCandidate(node.prefix, head);
}

function deeper<T>(
  first: Candidate<T> | undefined,
  second: Candidate<T> | undefined,
): Candidate<T> | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return second.depth > first.depth ? second : first;
}

function visit<T>(
  node: Node<T>,
  segments: readonly string[],
  index: number,
  visitor: (candidates: readonly Candidate<T>[]) => void,
): void {
  visitor(node.prefix);
  const segment = segments[index];
  if (segment === undefined) {
    visitor(node.whole);
    return;
  }
  const next = node.statics.get(segment);
  if (next !== undefined) visit(next, segments, index + 1, visitor);
  if (node.parameter !== undefined && segment !== '') visit(node.parameter, segments, index + 1, visitor);
}
