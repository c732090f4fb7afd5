/** Owns the step from a checked document to the snapshot: files are read, references resolved, machine limits applied. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import { fileDescriptorLimit } from '../file-descriptor-limit.js';
import type { ConfigDocument } from '../schema/document.js';
import { availableAcceptMode } from './accept-mode.js';
import { compileAdmin } from './compile-admin.js';
import type { CompileContext } from './compile-context.js';
import { compileListeners } from './compile-listeners.js';
import { compileLog, refuseTokenHeaders } from './compile-log.js';
import { compileOverload } from './compile-overload.js';
import { compileRoutes } from './compile-routes.js';
import { compileMetrics, compileTracing } from './compile-tracing.js';
import { compileTraceFrom } from './compile-trace-from.js';
import { compileUpstreams } from './compile-upstreams.js';
import { compileSupervisor, compileWorkers } from './compile-workers.js';

/** Usable only when the report of `context` has no errors afterwards. */
export function compileSnapshot(
  document: ConfigDocument,
  version: number,
  context: CompileContext,
): ConfigSnapshot {
  const { shutdown, supervisor, log, forwarded } = document;
  const snapshot: ConfigSnapshot = {
    version,
    ...compileWorkers(document.workers),
    accept: availableAcceptMode(document.accept, context.report),
    listeners: compileListeners(document.listeners ?? [], document.trustedProxies, context),
    tls: { ticketKeyRotationMs: document.tls.ticketKeyRotation },
    admin: compileAdmin(document.admin, context),
    shutdown: { delayMs: shutdown.delay, timeoutMs: shutdown.timeout },
    watch: document.watch,
    supervisor: compileSupervisor(supervisor, context),
    log: compileLog(log, context),
    metrics: compileMetrics(document, context),
    tracing: compileTracing(document.tracing),
    trustedProxies: document.trustedProxies,
    traceFrom: compileTraceFrom(document, context),
    forwarded: { style: forwarded.style, via: forwarded.via, requestIdField: forwarded.requestId },
    maxConnectionsPerWorker: connectionCap(document.limits.maxConnections, context),
    overload: compileOverload(document.overload),
    upstreams: compileUpstreams(document.upstreams, context),
    routes: compileRoutes(document.routes, Object.keys(document.upstreams), context),
  };
  refuseTokenHeaders(snapshot.log, snapshot.routes, context);
  return snapshot;
}

/** Half the file descriptors: every client connection may need one towards an upstream. */
function connectionCap(configured: number | 'auto', { report }: CompileContext): number {
  const limit = fileDescriptorLimit();
  const half = Math.max(1, Math.floor(limit / 2));
  if (configured === 'auto' || configured <= half) return configured === 'auto' ? half : configured;
  report.warn(
    ['limits', 'maxConnections'],
    `is cut to ${String(half)}: a process may open ${String(limit)} files (raise LimitNOFILE or ulimit -n to ${String(configured * 2)})`,
  );
  return half;
}
