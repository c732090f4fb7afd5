/** Owns the composition of the primary: supervisor, signals, key sets, metrics and admin around one snapshot. */
import type { BoundListener, ConfigSnapshot } from '../../contracts/config.js';
import { createLogger } from '../../observability/logger.js';
import type { Log } from '../../observability/logger.js';
import type { MetricsSnapshot } from '../../observability/metrics-snapshot.js';
import type { AdminServer } from '../admin/admin-server.js';
import type { ConfigAnswer, WorkerMessage } from '../ipc/messages.js';
import { adminRoutes } from './admin-routes.js';
import { composeEndpoints } from './endpoints/index.js';
import type { Endpoints } from './endpoints/index.js';
import { expirySamples, watchExpiry } from './certificate-expiry.js';
import { Inquiry } from './inquiry.js';
import type { InstanceInput } from './instance-input.js';
import { LiveConfig } from './live-config.js';
import { fetchKeySet } from './key-set-fetch.js';
import { KeySetStore, keySetUrls } from './key-sets.js';
import { MetricsCollector } from './metrics-collector.js';
import type { InstanceFacts } from './metrics-collector.js';
import { openAdmin } from './open-admin.js';
import { Reloader } from './reloader.js';
import { systemScheduler } from './scheduler.js';
import type { Scheduler } from './scheduler.js';
import { watchSignals } from './signals.js';
import type { SignalSource } from './signals.js';
import { Supervisor } from './supervisor.js';
import { TicketKeys } from './ticket-keys.js';
import { forkClusterWorker, setUpForking } from './worker-process.js';
import type { ForkWorker } from './worker-process.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';

export interface PrimaryOptions {
  readonly snapshot: ConfigSnapshot;
  /** The file that workers run: the entry of the program. */
  readonly workerEntry: string;
  /** Where later configurations come from. Without it there are none, and SIGHUP stops the instance. */
  readonly input?: InstanceInput;
  /** Told once, when every worker is ready. */
  readonly onAllReady?: (listeners: readonly BoundListener[]) => void;
  readonly fork?: ForkWorker;
  readonly scheduler?: Scheduler;
  readonly signals?: SignalSource;
  readonly log?: Log;
}

// Fresh counts this often, so that a worker that dies takes few of them along.
const COLLECT_INTERVAL_MS = 5000;

/** Runs the instance until it has stopped. Resolves with the exit code; never rejects for an expected failure. */
export const runPrimary = async (options: PrimaryOptions): Promise<number> => {
  const { snapshot } = options;
  const log = options.log ?? createLogger({ ...snapshot.log, role: 'primary' });
  const primary = composePrimary(options, log);
  const { supervisor, endpoints, reloader } = primary;
  const unwatch = watchSignals(options.signals ?? process, {
    onStop: (reason) => {
      endpoints.directory.stop();
      supervisor.stop(reason);
    },
    ...(reloader === undefined ? {} : { onReload: () => void reloader.reload(undefined, 'always') }),
  });
  try {
    const admin = await openAdmin(snapshot.admin, adminRoutes({ ...primary, log }), log);
    if (admin === 'failed') return 1;
    return await runUntilStopped(primary, admin, { scheduler: options.scheduler ?? systemScheduler, log });
  } finally {
    unwatch();
    options.input?.stop();
  }
};

interface Primary {
  readonly supervisor: Supervisor;
  readonly keySets: KeySetStore;
  readonly endpoints: Endpoints;
  readonly ticketKeys: TicketKeys;
  readonly metrics: MetricsCollector;
  readonly inquiry: Inquiry;
  readonly reloader: Reloader | undefined;
  readonly liveConfig: LiveConfig | undefined;
}

const runUntilStopped = async (
  { supervisor, keySets, endpoints, ticketKeys, metrics }: Primary,
  admin: AdminServer | undefined,
  { scheduler, log }: { readonly scheduler: Scheduler; readonly log: Log },
): Promise<number> => {
  const stopWarning = watchExpiry(() => supervisor.snapshot, { scheduler, log });
  const stopCollecting = scheduler.every(COLLECT_INTERVAL_MS, () => void metrics.collect());
  keySets.start();
  ticketKeys.start();
  await endpoints.directory.start();
  supervisor.start();
  const exitCode = await supervisor.finished;
  stopCollecting();
  stopWarning();
  keySets.stop();
  endpoints.directory.stop();
  ticketKeys.stop();
  admin?.close();
  return exitCode;
};

const composePrimary = (options: PrimaryOptions, log: Log): Primary => {
  const { snapshot, workerEntry, input } = options;
  const scheduler = options.scheduler ?? systemScheduler;
  const startSeconds = Math.round(Date.now() / 1000);
  if (options.fork === undefined) setUpForking(workerEntry, snapshot.accept);
  const keySets = new KeySetStore({
    urls: keySetUrls(snapshot),
    scheduler,
    log,
    random: Math.random,
    fetchKeys: (url) => fetchKeySet(url, fetch),
    onChange: (url, keySet) => supervisor.pool.broadcast({ type: 'key-set', url, keySet }),
  });
  const endpoints = composeEndpoints({
    ...{ snapshot, scheduler, log },
    onChange: (state) => supervisor.pool.broadcast({ type: 'endpoints', endpoints: state }),
  });
  const ticketKeys = new TicketKeys({
    rotationMs: snapshot.tls.ticketKeyRotationMs,
    scheduler,
    log,
    onRotated: (keys) => supervisor.pool.broadcast({ type: 'ticket-keys', ticketKeys: keys }),
  });
  const supervisor: Supervisor = new Supervisor({
    snapshot,
    log,
    scheduler,
    fork: options.fork ?? forkClusterWorker,
    random: Math.random,
    keySets: () => keySets.current(),
    endpoints: () => endpoints.directory.current(),
    ticketKeys: () => ticketKeys.current(),
    onWorkerMessage: (slot, worker, message) =>
      void handle({ keySets, endpoints, metrics, inquiry, reloader }, { slot, worker }, message),
    onWorkerGone: (slot, worker) => {
      metrics.retire(slot.number);
      inquiry.gone(worker);
      reloader?.gone(worker);
    },
    onAllReady: (listeners) => {
      options.onAllReady?.(listeners);
      options.input?.start((load) => void reloader?.reload(load));
    },
  });
  const metrics: MetricsCollector = new MetricsCollector({
    pool: supervisor.pool,
    scheduler,
    facts: () => factsOf({ supervisor, reloader, keySets }, startSeconds),
    more: () => moreMetrics(endpoints, supervisor.snapshot),
  });
  const inquiry = new Inquiry({ pool: supervisor.pool, scheduler });
  const shared = { supervisor, keySets, endpoints: endpoints.directory, scheduler, log };
  const reloader: Reloader | undefined =
    input === undefined ? undefined : new Reloader({ ...shared, load: input.load });
  const liveConfig = reloader && input && new LiveConfig({ supervisor, reloader, input });
  return { supervisor, keySets, endpoints, ticketKeys, metrics, inquiry, reloader, liveConfig };
};

const factsOf = (
  { supervisor, reloader, keySets }: Pick<Primary, 'supervisor' | 'reloader' | 'keySets'>,
  startSeconds: number,
): InstanceFacts => ({
  restarts: supervisor.restarts,
  configVersion: supervisor.snapshot.version,
  reloads: reloader?.counts ?? { applied: 0, rejected: 0, unchanged: 0 },
  startSeconds,
  keySetFetches: keySets.fetches,
});

const moreMetrics = (
  endpoints: Endpoints,
  snapshot: ConfigSnapshot,
): Pick<MetricsSnapshot, 'counters' | 'gauges'> => {
  const { counters, gauges } = endpoints.metrics();
  const torus_tls_certificate_days_left = expirySamples(snapshot, Date.now());
  return { counters, gauges: { ...gauges, torus_tls_certificate_days_left } };
};

interface Sender {
  readonly slot: WorkerSlot;
  readonly worker: WorkerRecord;
}

const handle = async (
  {
    keySets,
    endpoints,
    metrics,
    inquiry,
    reloader,
  }: Pick<Primary, 'keySets' | 'endpoints' | 'metrics' | 'inquiry' | 'reloader'>,
  { slot, worker }: Sender,
  message: WorkerMessage,
): Promise<void> => {
  if (message.type === 'metrics') metrics.receive(slot.number, message.metrics, message.request);
  if (message.type === 'drained') metrics.receive(slot.number, message.metrics, undefined);
  if (message.type === 'endpoint-outcome') endpoints.directory.receive(message.version, message.outcome);
  if (message.type === 'answer') inquiry.receive(message);
  if (isConfigAnswer(message)) reloader?.receive(worker, message);
  if (message.type !== 'refresh-key-set') return;
  await keySets.refresh(message.url);
  worker.process.send({ type: 'key-set-refreshed', request: message.request });
};

const isConfigAnswer = (message: WorkerMessage): message is ConfigAnswer =>
  message.type === 'prepared' || message.type === 'rejected' || message.type === 'applied';
