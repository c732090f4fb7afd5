/** Owns the step from filters as written to the options that the data plane makes filters of. */
import type { FilterConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import type { FilterDocument } from '../schema/filter-schema.js';
import type { CompileContext } from './compile-context.js';
import { compileJwtAuth } from './compile-jwt-auth.js';

export function compileFilters(
  filters: readonly FilterDocument[],
  path: ConfigPath,
  context: CompileContext,
): readonly FilterConfig[] {
  return filters.flatMap((filter, index) => {
    const compiled = compileFilter(filter, [...path, index], context);
    return compiled === undefined ? [] : [compiled];
  });
}

/** The schema has made sure that exactly one key is there. */
function compileFilter(
  filter: FilterDocument,
  path: ConfigPath,
  context: CompileContext,
): FilterConfig | undefined {
  if (filter['jwt-auth'] !== undefined) {
    const options = compileJwtAuth(filter['jwt-auth'], [...path, 'jwt-auth'], context);
    return options && { name: 'jwt-auth', options };
  }
  if (filter.headers !== undefined) return { name: 'headers', options: filter.headers };
  if (filter['body-limit'] !== undefined)
    return { name: 'body-limit', options: { maxBytes: filter['body-limit'].max } };
  if (filter['ip-allow'] !== undefined) return { name: 'ip-allow', options: filter['ip-allow'] };
  return filter.redirect && { name: 'redirect', options: filter.redirect };
}
