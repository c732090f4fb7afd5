/** Owns the question who may ask what became of a request: those that are named, else the trusted proxies of the instance. */
import type { ConfigDocument } from '../schema/document.js';
import type { CompileContext } from './compile-context.js';

export function compileTraceFrom(
  { traceHeader, trustedProxies }: Pick<ConfigDocument, 'traceHeader' | 'trustedProxies'>,
  context: CompileContext,
): readonly string[] {
  if (traceHeader === false) return [];
  const from = traceHeader?.from ?? trustedProxies;
  if (traceHeader !== undefined && from.length === 0)
    context.report.error(['traceHeader'], 'needs `from`, as there are no `trustedProxies`: nobody could ask');
  return from;
}
