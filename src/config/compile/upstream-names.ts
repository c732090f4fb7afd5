/** Owns the complaint about an upstream that is named but not defined. */
import type { ConfigPath } from '../config-path.js';
import { nearestKey } from '../nearest-key.js';
import type { CompileContext } from './compile-context.js';

export function reportUnknownUpstream(
  name: string,
  { path, upstreams }: { readonly path: ConfigPath; readonly upstreams: readonly string[] },
  context: CompileContext,
): void {
  if (upstreams.includes(name)) return;
  const nearest = nearestKey(name, upstreams);
  const hint =
    nearest === undefined ? `defined: ${upstreams.join(', ') || 'none'}` : `did you mean "${nearest}"?`;
  context.report.error(path, `there is no upstream "${name}" (${hint})`);
}
