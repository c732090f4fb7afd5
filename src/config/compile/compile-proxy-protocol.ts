/** Owns the question who sends PROXY headers to a listener: those it names, else the trusted proxies of the instance. */
import type { ListenerProxyProtocol } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import type { ListenerDocument } from '../schema/listener/listener-schema.js';
import type { CompileContext } from './compile-context.js';

export function compileProxyProtocol(
  { proxyProtocol }: Pick<ListenerDocument, 'proxyProtocol'>,
  trustedProxies: readonly string[],
  path: ConfigPath,
  context: CompileContext,
): ListenerProxyProtocol | undefined {
  if (proxyProtocol === undefined) return undefined;
  const from = proxyProtocol.from ?? trustedProxies;
  if (from.length === 0)
    context.report.error(
      path,
      'needs `from`, as there are no `trustedProxies`: whoever may send the header may be anybody',
    );
  return { from, timeoutMs: proxyProtocol.timeout };
}
