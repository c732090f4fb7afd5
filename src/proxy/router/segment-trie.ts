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
  private isEmpty = true;

  add(pattern: PathPattern, candidate: Candidate<T>): void {
    let node = this.root;
    for (const segment of pattern.segments) {
      node = segment === undefined ? (node.parameter ??= createNode()) : staticChild(node, segment);
    }
    insertCandidate(pattern.isPrefix ? node.prefix : node.whole, candidate);
    this.isEmpty = false;
  }

  /** The best route for that path key, which begins with a slash: whole paths first, then the longest prefix. */
  find(key: string, head: RequestHead): Candidate<T> | undefined {
    if (this.isEmpty) return undefined;
    const way = { key, head };
    return findWhole(this.root, way, 1) ?? findPrefix(this.root, way, 1);
  }

  /** Adds the methods of every route on the way that refuses only the method. */
  collectMethods(key: string, head: RequestHead, allow: Set<string>): void {
    if (this.isEmpty) return;
    visit(this.root, key, 1, (candidates) => collectMethods(candidates, head, allow));
  }
}

/** What is searched for. Segments are cut out of the key only where a node has children to compare them with. */
interface Way {
  readonly key: string;
  readonly head: RequestHead;
}

function staticChild<T>(node: Node<T>, segment: string): Node<T> {
  const child = node.statics.get(segment) ?? createNode<T>();
  node.statics.set(segment, child);
  return child;
}

/** No segment begins at `at`: the key is used up. */
const isUsedUp = (key: string, at: number): boolean => at > key.length;

/** The place behind the segment that begins at `at`. */
function endOf(key: string, at: number): number {
  const slash = key.indexOf('/', at);
  return slash < 0 ? key.length : slash;
}

function staticNext<T>(node: Node<T>, key: string, at: number, end: number): Node<T> | undefined {
  return node.statics.size === 0 ? undefined : node.statics.get(key.slice(at, end));
}

const isLeaf = (node: Node<unknown>): boolean => node.statics.size === 0 && node.parameter === undefined;

/** Depth first, static before parameter: of two patterns, the one that is literal earlier wins. */
function findWhole<T>(node: Node<T>, way: Way, at: number): Candidate<T> | undefined {
  const { key, head } = way;
  if (isUsedUp(key, at)) return pickCandidate(node.whole, head);
  if (isLeaf(node)) return undefined;
  const end = endOf(key, at);
  const next = staticNext(node, key, at, end);
  const found = next === undefined ? undefined : findWhole(next, way, end + 1);
  if (found !== undefined || node.parameter === undefined || end === at) return found;
  return findWhole(node.parameter, way, end + 1);
}

function findPrefix<T>(node: Node<T>, way: Way, at: number): Candidate<T> | undefined {
  const { key, head } = way;
  if (isUsedUp(key, at) || isLeaf(node)) return pickCandidate(node.prefix, head);
  const end = endOf(key, at);
  const next = staticNext(node, key, at, end);
  let best = next === undefined ? undefined : findPrefix(next, way, end + 1);
  if (node.parameter !== undefined && end > at) best = deeper(best, findPrefix(node.parameter, way, end + 1));
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
  key: string,
  at: number,
  visitor: (candidates: readonly Candidate<T>[]) => void,
): void {
  visitor(node.prefix);
  if (isUsedUp(key, at)) {
    visitor(node.whole);
    return;
  }
  if (isLeaf(node)) return;
  const end = endOf(key, at);
  const next = staticNext(node, key, at, end);
  if (next !== undefined) visit(next, key, end + 1, visitor);
  if (node.parameter !== undefined && end > at) visit(node.parameter, key, end + 1, visitor);
}
