/** Owns the change of a matched path into the one the upstream sees: a prefix goes, or is replaced, at a segment boundary. */
import type { RewriteConfig } from '../../contracts/config.js';
import { configuredPath, pathKey } from './path-key.js';

/**
 * Compiles a rewrite; undefined for none. A path that does not lie under the prefix is returned as it is. The result always
 * begins with exactly one `/`. Throws a RangeError when prefix or replacement is no path.
 */
export function compileRewrite(config: RewriteConfig | undefined): ((path: string) => string) | undefined {
  if (config === undefined) return undefined;
  const prefix = withoutFinalSlash(configuredPath(config.prefix));
  const replacement =
    config.kind === 'strip-prefix' ? '' : withoutFinalSlash(configuredPath(config.replacement));
  const prefixKey = pathKey(prefix);
  const depth = prefix.split('/').length - 1;
  return (path) => {
    const end = endOfSegments(path, depth);
    if (end < 0 || pathKey(path.slice(0, end)) !== prefixKey) return path;
    const rewritten = replacement + path.slice(end);
    return rewritten === '' ? '/' : rewritten;
  };
}

function withoutFinalSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Where the first `count` segments end; -1 when there are fewer, or when it is no path (`*`). */
function endOfSegments(path: string, count: number): number {
  let end = path.startsWith('/') ? 0 : -1;
  for (let left = count; left > 0 && end >= 0; left -= 1) {
    if (end >= path.length) return -1;
    const next = path.indexOf('/', end + 1);
    end = next < 0 ? path.length : next;
  }
  return end;
}
