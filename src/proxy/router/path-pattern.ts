/** Owns the reading of a configured path: `/users` exact, `/users/:id` with parameters, `/users/*` as a prefix. */
import { configuredPath, pathKey } from './path-key.js';

/** undefined stands for a parameter: any one segment that is not empty. */
export type PatternSegment = string | undefined;

export interface PathPattern {
  /** Comparison keys; the last one is empty for a path that ends with a slash. */
  readonly segments: readonly PatternSegment[];
  /** Ended by `/*`: matches the path before it, with or without a final slash, and everything below. */
  readonly isPrefix: boolean;
  readonly hasParameters: boolean;
}

/** Throws a RangeError on a path that does not begin with `/`, or that has a `*` anywhere but as its last segment. */
export function parsePathPattern(path: string): PathPattern {
  const normal = configuredPath(path);
  const isPrefix = normal.endsWith('/*');
  const written = (isPrefix ? normal.slice(0, -2) : normal).split('/').slice(1);
  if (written.includes('*')) throw new RangeError(`* must be the last segment of ${path}`);
  const segments = written.map((segment) => (isParameter(segment) ? undefined : pathKey(segment)));
  return { segments, isPrefix, hasParameters: segments.includes(undefined) };
}

function isParameter(segment: string): boolean {
  return segment.length > 1 && segment.startsWith(':');
}
