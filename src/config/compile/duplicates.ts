/** Owns the report of values that must be unique and are not. */
import { formatPath, type ConfigPath } from '../config-path.js';
import type { ConfigReport } from '../config-report.js';

export function reportDuplicates(
  entries: readonly { readonly path: ConfigPath; readonly value: string }[],
  report: ConfigReport,
): void {
  const first = new Map<string, ConfigPath>();
  for (const { path, value } of entries) {
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, path);
    else report.error(path, `"${value}" is taken by ${formatPath(earlier)}`);
  }
}
