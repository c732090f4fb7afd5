/** Owns which routes the admin listener of an instance has, and what of the primary stands behind each. */
import type { Log } from '../../observability/logger.js';
import type { AdminRoute } from '../admin/admin-route.js';
import { basicRoutes } from '../admin/routes/basic-routes.js';
import { connectionRoutes } from '../admin/routes/connection-routes.js';
import { explainRoutes } from '../admin/routes/explain-routes.js';
import { withIndex } from '../admin/routes/index-routes.js';
import { configRoutes } from '../admin/routes/config-routes.js';
import { dashboardRoutes } from '../admin/routes/dashboard-routes.js';
import { diagnosisRoutes } from '../admin/routes/diagnosis-routes.js';
import { logRoutes } from '../admin/routes/log-routes.js';
import type { LogLevel } from '../admin/routes/log-routes.js';
import { streamRoutes } from '../admin/routes/stream-routes.js';
import { overloadRoutes } from '../admin/routes/overload-routes.js';
import { workerRoutes } from '../admin/routes/worker-routes.js';
import { statusRoutes } from '../admin/routes/status-routes.js';
import { upstreamRoutes } from '../admin/routes/upstream-routes.js';
import { describeWorkers } from './describe-workers.js';
import { Diagnosis } from './diagnosis.js';
import { explainLive } from './explain-live.js';
import type { Endpoints } from './endpoints/index.js';
import type { Inquiry } from './inquiry.js';
import type { LiveConfig } from './live-config.js';
import { LiveView } from './live-view.js';
import type { MetricsCollector } from './metrics-collector.js';
import type { PoolCare } from './pool-care.js';
import { recycleWorkers } from './recycle-request.js';
import type { Roller } from './roller.js';
import type { Scheduler } from './scheduler.js';
import type { StatusBoard } from './status/status-board.js';
import type { Supervisor } from './supervisor.js';
import { anyWorkerOf, workerOf } from './worker-of.js';

export interface AdminParts {
  readonly supervisor: Supervisor;
  readonly endpoints: Endpoints;
  readonly metrics: MetricsCollector;
  readonly inquiry: Inquiry;
  readonly liveConfig: LiveConfig | undefined;
  readonly roller: Roller;
  readonly care: PoolCare;
  readonly scheduler: Scheduler;
  readonly status: StatusBoard;
  readonly log: Log;
  /** A file of the page, as the build made it. */
  readonly readPageFile: (name: string) => Promise<Buffer>;
}

export const adminRoutes = (parts: AdminParts): AdminRoute[] =>
  withIndex([
    ...basicRoutes({
      unreadyReason: () => unreadyReason(parts.supervisor),
      metrics: (format) => parts.metrics.scrape(format),
    }),
    ...statusRoutes({ status: () => parts.status.read() }),
    ...dashboardRoutes(parts),
    ...upstreamRoutes({ upstreams: () => describeUpstreams(parts) }),
    ...workerRoutes({
      workers: () => describeWorkers(parts),
      recycle: (worker) => recycleWorkers(parts, worker),
    }),
    ...configRoutes(parts.liveConfig),
    ...diagnosisRoutes(new Diagnosis(parts)),
    ...liveRoutes(new LiveView(parts.inquiry)),
    ...overloadRoutes({ overload: () => describeOverload(parts) }),
    ...explainRoutes({
      explain: (question, worker) =>
        explainLive(
          { inquiry: parts.inquiry, upstreams: () => describeUpstreams(parts) },
          anyWorkerOf(parts.supervisor.pool, worker),
          question,
        ),
    }),
    ...logRoutes({ setLogLevel: (level, worker) => setLogLevel(parts, level, worker) }),
  ]);

const liveRoutes = (live: LiveView): AdminRoute[] => [
  ...streamRoutes({ streams: (query) => live.streams(query), killStream: (id) => live.kill(id) }),
  ...connectionRoutes({ connections: (clients) => live.connections(clients) }),
];

/** Of the primary too, where no worker is named. */
const setLogLevel = async (
  { log, inquiry, supervisor }: AdminParts,
  level: LogLevel,
  number: number,
): Promise<object> => {
  if (number > 0) {
    const live = workerOf(supervisor.pool, number);
    return {
      level,
      workers: [{ worker: number, former: await inquiry.ask(live, 'set-log-level', { level }) }],
    };
  }
  log.level = level;
  const { answers, missing } = await inquiry.askAll('set-log-level', { level });
  return { level, workers: answers.map(({ worker, answer: former }) => ({ worker, former })), missing };
};

const DESCRIBE_TRIES = 3;

/** What it says holds for every worker: they answer for their counts after they have heard the news. */
const describeUpstreams = async ({ endpoints, metrics }: AdminParts): Promise<object> => {
  for (let left = DESCRIBE_TRIES; ; left -= 1) {
    endpoints.directory.tellNow();
    const gauges = await metrics.workerGauges();
    if (endpoints.directory.isTold || left === 0) return endpoints.describe(gauges);
  }
};

/** A worker whose event loop is blocked does not answer: it stands under `missing`. */
const describeOverload = async ({ inquiry }: AdminParts): Promise<object> => {
  const { answers, missing } = await inquiry.askAll('overload', {});
  const level = Math.max(0, ...answers.map(({ answer }) => answer.level));
  return { level, workers: answers.map(({ worker, pid, answer }) => ({ worker, pid, ...answer })), missing };
};

const unreadyReason = ({ phase }: Supervisor): string | undefined => {
  if (phase === 'draining') return 'draining';
  return phase === 'ready' ? undefined : 'no worker is ready';
};
