/** Owns the composition of the primary: supervisor, signals, key sets, metrics and admin around one snapshot. */
import { installationOf } from '../../config/index.js';
import type { BoundListener, ConfigSnapshot, LogConfig } from '../../contracts/config.js';
import type { ConfigStatus } from '../../contracts/status.js';
import { createLogger } from '../../observability/logger.js';
import type { Log } from '../../observability/logger.js';
import type { AdminServer } from '../admin/admin-server.js';
import type { ConfigAnswer, PrimaryMessage, WorkerMessage } from '../ipc/messages.js';
import { AdminCertificate } from './admin-certificate.js';
import { adminRoutes } from './admin-routes.js';
import { composeEndpoints } from './endpoints/index.js';
import type { Endpoints } from './endpoints/index.js';
import { watchExpiry } from './certificate-expiry.js';
import { chooseFreePort } from './free-port.js';
import { Inquiry } from './inquiry.js';
import type { InstanceInput, LoadSnapshot } from './instance-input.js';
import { LiveConfig } from './live-config.js';
import { moreMetrics } from './instance-metrics.js';
import { fetchKeySet } from './key-set-fetch.js';
import { KeySetStore, keySetUrls } from './key-sets.js';
import { MetricsCollector } from './metrics-collector.js';
import type { InstanceFacts } from './metrics-collector.js';
import { openAdmin } from './open-admin.js';
import { PoolCare } from './pool-care.js';
import { Reloader } from './reloader.js';
import { Roller } from './roller.js';
import { systemScheduler } from './scheduler.js';
import type { Scheduler } from './scheduler.js';
import { watchSignals } from './signals.js';
import type { SignalSource } from './signals.js';
import { StatusBoard } from './status/status-board.js';
import { Supervisor } from './supervisor.js';
import { TicketKeys } from './ticket-keys.js';
import { forkClusterWorker, setUpForking } from './worker-process.js';
import type { ForkWorker } from './worker-process.js';
import type { WorkerRecord } from './worker-slot.js';
import { WorkerTimes } from './worker-times.js';

export interface PrimaryOptions {
  readonly snapshot: ConfigSnapshot;
  /** The file that workers run: the entry of the program. */
  readonly entry: string;
  /** Where later configurations come from. Without it there are none, and SIGHUP stops the instance. */
  readonly input?: InstanceInput;
  /** Told once, when every worker is ready. */
  readonly onAllReady?: (listeners: readonly BoundListener[]) => void;
  readonly fork?: ForkWorker;
  readonly scheduler?: Scheduler;
  readonly signals?: SignalSource;
  readonly log?: Log;
}

/** Runs the instance until it has stopped. Resolves with the exit code; never rejects for an expected failure. */
export const runPrimary = async (options: PrimaryOptions): Promise<number> => {
  const { snapshot, scheduler = systemScheduler } = options;
  const log = options.log ?? createLogger({ ...snapshot.log, role: 'primary' });
  const { version, readPageFile } = installationOf(options.entry);
  const primary = composePrimary(options, { log, version });
  const { supervisor, endpoints, reloader } = primary;
  const unwatch = watchSignals(options.signals ?? process, {
    onStop: (reason) => {
      endpoints.directory.stop();
      supervisor.stop(reason);
    },
    ...(reloader === undefined ? {} : { onReload: () => void reloader.reload(undefined, 'always') }),
  });
  try {
    const admin = await openAdmin(
      snapshot.admin,
      adminRoutes({ ...primary, scheduler, log, readPageFile }),
      log,
    );
    if (admin === 'failed') return 1;
    if (admin !== undefined) primary.adminCertificate.attach(admin, supervisor.snapshot);
    return await runUntilStopped(primary, admin, { scheduler, log });
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
  readonly roller: Roller;
  readonly care: PoolCare;
  readonly inquiry: Inquiry;
  readonly reloader: Reloader | undefined;
  readonly liveConfig: LiveConfig | undefined;
  readonly status: StatusBoard;
  readonly adminCertificate: AdminCertificate;
}

const runUntilStopped = async (
  { supervisor, keySets, endpoints, ticketKeys, care }: Primary,
  admin: AdminServer | undefined,
  { scheduler, log }: { readonly scheduler: Scheduler; readonly log: Log },
): Promise<number> => {
  const stopWarning = watchExpiry(() => supervisor.snapshot, { scheduler, log });
  care.start();
  keySets.start();
  ticketKeys.start();
  await endpoints.directory.start();
  supervisor.start();
  const exitCode = await supervisor.finished;
  care.stop();
  stopWarning();
  keySets.stop();
  endpoints.directory.stop();
  ticketKeys.stop();
  admin?.close();
  return exitCode;
};

const composePrimary = (
  options: PrimaryOptions,
  { log, version }: { readonly log: Log; readonly version: string },
): Primary => {
  const { snapshot, entry, input } = options;
  const scheduler = options.scheduler ?? systemScheduler;
  const startedAt = Date.now();
  const times = new WorkerTimes();
  if (options.fork === undefined) setUpForking(entry, snapshot.accept);
  const { keySets, endpoints, ticketKeys } = composeShared({ snapshot, scheduler, log }, (message) =>
    supervisor.pool.broadcast(message),
  );
  const supervisor: Supervisor = new Supervisor({
    snapshot,
    log,
    scheduler,
    fork: options.fork ?? forkClusterWorker,
    random: Math.random,
    choosePort: chooseFreePort,
    times,
    sources: {
      keySets: () => keySets.current(),
      endpoints: () => endpoints.directory.current(),
      ticketKeys: () => ticketKeys.current(),
      // Nothing else is ever set.
      logLevel: () => log.level as LogConfig['level'],
    },
    onWorkerMessage: (_slot, worker, message) =>
      void handle({ keySets, endpoints, metrics, inquiry, reloader }, worker, message),
    onWorkerGone: (_slot, worker) => {
      metrics.retire(worker);
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
    facts: () => factsOf({ supervisor, reloader, keySets }, Math.round(startedAt / 1000)),
    more: () => moreMetrics({ supervisor, endpoints, roller, care, times }),
  });
  const inquiry = new Inquiry({ pool: supervisor.pool, scheduler });
  const roller = new Roller({ supervisor, scheduler, log });
  const care: PoolCare = new PoolCare({ supervisor, roller, metrics, scheduler, log });
  const adminCertificate = new AdminCertificate();
  const shared = { supervisor, roller, keySets, endpoints, ticketKeys, care, adminCertificate };
  const reloader: Reloader | undefined =
    input && composeReloader(shared, input.load, { scheduler, times, log });
  const liveConfig = reloader && input && new LiveConfig({ supervisor, reloader, input });
  const parts = {
    ...{ supervisor, keySets, endpoints, ticketKeys, metrics, roller, care, inquiry, reloader },
    ...{ liveConfig, adminCertificate },
  };
  return { ...parts, status: statusBoard(parts, scheduler, { startedAt, version }) };
};

/** What all workers have in common, and are told when it changes. */
const composeShared = (
  { snapshot, scheduler, log }: { snapshot: ConfigSnapshot; scheduler: Scheduler; log: Log },
  tell: (message: PrimaryMessage) => void,
): Pick<Primary, 'keySets' | 'endpoints' | 'ticketKeys'> => ({
  keySets: new KeySetStore({
    ...{ urls: keySetUrls(snapshot), scheduler, log, random: Math.random },
    fetchKeys: (url) => fetchKeySet(url, fetch),
    onChange: (url, keySet) => tell({ type: 'key-set', url, keySet }),
  }),
  endpoints: composeEndpoints({
    ...{ snapshot, scheduler, log },
    onChange: (endpoints) => tell({ type: 'endpoints', endpoints }),
  }),
  ticketKeys: new TicketKeys({
    ...{ rotationMs: snapshot.tls.ticketKeyRotationMs, scheduler, log },
    onRotated: (ticketKeys) => tell({ type: 'ticket-keys', ticketKeys }),
  }),
});

type ReloaderParts = Pick<
  Primary,
  'supervisor' | 'roller' | 'keySets' | 'endpoints' | 'ticketKeys' | 'care' | 'adminCertificate'
>;

const composeReloader = (
  { endpoints, ticketKeys, care, adminCertificate, ...parts }: ReloaderParts,
  load: LoadSnapshot,
  shared: { readonly scheduler: Scheduler; readonly times: WorkerTimes; readonly log: Log },
): Reloader =>
  new Reloader({
    ...{ ...parts, ...shared, load, endpoints: endpoints.directory },
    problemOf: (snapshot) => adminCertificate.problemOf(snapshot),
    onApplied: async (snapshot) => {
      adminCertificate.show(snapshot);
      ticketKeys.rotateEvery(snapshot.tls.ticketKeyRotationMs);
      await care.fitSize();
    },
  });

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

type MessageParts = Pick<Primary, 'keySets' | 'endpoints' | 'metrics' | 'inquiry' | 'reloader'>;

const statusBoard = (
  { supervisor, metrics, endpoints, reloader }: Omit<Primary, 'status'>,
  scheduler: Scheduler,
  { startedAt, version }: { readonly startedAt: number; readonly version: string },
): StatusBoard =>
  new StatusBoard({
    ...{ metrics, scheduler, supervisor, startedAt, version },
    config: () => configStatusOf(reloader, startedAt),
    upstreams: (gauges) => endpoints.describe(gauges).upstreams,
  });

const configStatusOf = (
  reloader: Reloader | undefined,
  startedAt: number,
): Omit<ConfigStatus, 'generation'> => ({
  appliedAt: new Date(reloader?.history.appliedAt ?? startedAt).toISOString(),
  reloads: reloader?.counts ?? {},
  lastReload: reloader?.history.last ?? null,
});

const handle = async (
  { keySets, endpoints, metrics, inquiry, reloader }: MessageParts,
  worker: WorkerRecord,
  message: WorkerMessage,
): Promise<void> => {
  if (message.type === 'metrics') metrics.receive(worker, message.metrics, message.request);
  if (message.type === 'drained') metrics.receive(worker, message.metrics, undefined);
  if (message.type === 'endpoint-outcome') endpoints.directory.receive(message.version, message.outcome);
  if (message.type === 'answer') inquiry.receive(message);
  if (isConfigAnswer(message)) reloader?.receive(worker, message);
  if (message.type !== 'refresh-key-set') return;
  await keySets.refresh(message.url);
  worker.process.send({ type: 'key-set-refreshed', request: message.request });
};

const isConfigAnswer = (message: WorkerMessage): message is ConfigAnswer =>
  message.type === 'prepared' || message.type === 'rejected' || message.type === 'applied';
