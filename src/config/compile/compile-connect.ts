/** Owns what may stand beside `connect` in a route: a CONNECT request has a host and a port, and neither path nor query. */
import type { ConnectConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import type { RouteDocument } from '../schema/route/route-schema.js';
import type { CompileContext } from './compile-context.js';

export function compileConnect(
  { connect, match, rewrite, upstream }: RouteDocument,
  path: ConfigPath,
  { report }: CompileContext,
): ConnectConfig | undefined {
  if (connect === undefined) return undefined;
  if (match.path !== '/*')
    report.error([...path, 'match', 'path'], 'must be /*: a CONNECT request has no path');
  if (match.methods !== undefined)
    report.error([...path, 'match', 'methods'], 'never applies: the route takes CONNECT and nothing else');
  if (Object.keys(match.query).length > 0)
    report.error([...path, 'match', 'query'], 'never applies: a CONNECT request has no query');
  if (rewrite !== undefined)
    report.error([...path, 'rewrite'], 'never applies: a CONNECT request has no path');
  if (upstream === undefined)
    report.error([...path, 'upstream'], 'is required: it is where the tunnels lead');
  return { ports: [...new Set(connect.ports)] };
}
