/** Owns the life of one worker process: asks for its snapshot, serves it, and leaves with an exit code. */
import type { BoundListener, ConfigSnapshot } from '../../contracts/config.js';
import type { EndpointActivity } from '../../contracts/endpoint-feed.js';
import type { KeySetSource } from '../../contracts/key-set.js';
import type { DataPlane } from '../../contracts/lifecycle.js';
import type { Telemetry } from '../../contracts/telemetry.js';
import type { Overload } from '../../contracts/overload.js';
import { fileDescriptorLimit } from '../../config/file-descriptor-limit.js';
import { logOutput } from '../../config/log-output.js';
import { openFileDescriptors } from '../../config/process-facts.js';
import { messageOf } from '../../errors/message-of.js';
import type { AccessLog } from '../../observability/access-log/access-log.js';
import { openAccessLog } from '../../observability/access-log/open-access-log.js';
import { createLogger } from '../../observability/logger.js';
import type { Log } from '../../observability/logger.js';
import { WorkerMetrics } from '../../observability/metrics.js';
import type { MetricsSnapshot, Sample } from '../../observability/metrics-snapshot.js';
import { RefusalLog } from '../../observability/refusal-log.js';
import { observeProcess } from '../../observability/process-gauges.js';
import type { DrainReport, PrimaryMessage } from '../ipc/messages.js';
import type { Answers, AskMessage } from '../ipc/questions.js';
import { LifecycleManager } from '../lifecycle/lifecycle-manager.js';
import type { DrainPlan } from '../lifecycle/lifecycle-manager.js';
import { systemClock } from '../lifecycle/system-clock.js';
import { answerPrimary } from './answer-primary.js';
import { composeAnswers } from './answers.js';
import { describeBootFailure } from './boot-failure.js';
import { ConfigSwap } from './config-swap.js';
import { MessageOrder } from './message-order.js';
import { openProcessLink } from './primary-link.js';
import type { OpenPrimaryLink, PrimaryLink } from './primary-link.js';
import { watchOverload } from './overload/index.js';
import type { OverloadWatch } from './overload/index.js';
import { WorkerEndpoints } from './worker-endpoints.js';
import { WorkerKeySets } from './worker-key-sets.js';
import { TracingSwitch } from './worker-tracing.js';

export interface WorkerServices {
  readonly telemetry: Telemetry;
  readonly keySets: KeySetSource;
  readonly endpoints: Pick<WorkerEndpoints, 'feedFor'>;
  readonly log: Log;
  readonly overload: Overload;
  readonly tracing: Pick<TracingSwitch, 'tracerFor'>;
}

export type Compose = (snapshot: ConfigSnapshot, services: WorkerServices) => DataPlane;

export interface WorkerOptions {
  readonly compose: Compose;
  /** Of this program. */
  readonly version?: string;
  readonly openLink?: OpenPrimaryLink;
}

type StartMessage = Extract<PrimaryMessage, { type: 'start' }>;
type StateMessage = Extract<
  PrimaryMessage,
  { type: 'ask' | 'key-set' | 'key-set-refreshed' | 'ticket-keys' | 'endpoints' }
>;

// Longer than the primary's own limit for a fetch.
const KEY_SET_TIMEOUT_MS = 6000;
// The last word is worth a moment, not more.
const LAST_WORD_TIMEOUT_MS = 500;

/** Serves until told to stop. Resolves with the exit code: 0 clean, 1 when exchanges were cut or something broke. */
export const runWorker = (options: WorkerOptions): Promise<number> =>
  new Promise((resolve) => new WorkerProcess(options, resolve).begin());

class WorkerProcess {
  readonly #options: WorkerOptions;
  readonly #exit: (exitCode: number) => void;
  readonly #keySets: WorkerKeySets;
  readonly #endpoints: WorkerEndpoints;
  readonly #tracing: TracingSwitch;
  readonly #order = new MessageOrder((message) => this.#onMessage(message));
  #link: PrimaryLink = { send: () => undefined };
  #log: Log = createLogger({ level: 'info', pretty: false, role: 'worker' });
  #accessLog: AccessLog | undefined;
  #metrics: WorkerMetrics | undefined;
  #lifecycle: LifecycleManager | undefined;
  #plane: DataPlane | undefined;
  #swap: ConfigSwap | undefined;
  #answers: Answers | undefined;
  #overload: OverloadWatch | undefined;
  #listeners: readonly BoundListener[] = [];
  #exiting = false;

  constructor(options: WorkerOptions, exit: (exitCode: number) => void) {
    this.#options = options;
    this.#exit = exit;
    this.#tracing = new TracingSwitch(options.version ?? 'unknown');
    this.#keySets = new WorkerKeySets({
      timeoutMs: KEY_SET_TIMEOUT_MS,
      askPrimary: (request, url, onSent) =>
        this.#link.send({ type: 'refresh-key-set', request, url }, onSent),
    });
    this.#endpoints = new WorkerEndpoints((version, outcome) =>
      this.#link.send({ type: 'endpoint-outcome', version, outcome }),
    );
  }

  begin(): void {
    process.on('uncaughtException', (error) => this.#crash(error, 'Uncaught exception'));
    process.on('unhandledRejection', (error) => this.#crash(error, 'Unhandled rejection'));
    process.on('SIGTERM', () => this.#stop('SIGTERM'));
    // A terminal sends SIGINT and SIGHUP to every process of the group: the primary decides what they mean.
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    const openLink = this.#options.openLink ?? openProcessLink;
    this.#link = openLink({
      onMessage: (message) => this.#order.receive(message),
      onLost: () => this.#stop('the primary is gone'),
    });
    this.#link.send({ type: 'hello' });
  }

  #onMessage(message: PrimaryMessage): void {
    switch (message.type) {
      case 'start':
        void this.#start(message);
        return;
      case 'accepted': {
        this.#announce();
        return;
      }
      case 'ping': {
        this.#link.send({ type: 'pong', sequence: message.sequence });
        return;
      }
      case 'prepare':
        this.#endpoints.store(message.endpoints);
        this.#prepare(message);
        return;
      case 'commit':
      case 'discard': {
        this.#swap?.receive(message);
        return;
      }
      case 'collect-metrics': {
        this.#sendMetrics(message.request);
        return;
      }
      case 'retire': {
        this.#stop(message.reason, { delayMs: 0, timeoutMs: message.timeoutMs, patient: true });
        return;
      }
      case 'shutdown': {
        this.#stop(message.reason);
        return;
      }
      default:
        this.#onState(message);
    }
  }

  /** At once, unless what the snapshot asks for must be loaded first; the primary waits for the answer before it goes on. */
  #prepare(message: Extract<PrimaryMessage, { type: 'prepare' }>): void {
    const { snapshot } = message;
    if (this.#tracing.isReadyFor(snapshot)) {
      this.#swap?.receive(message);
      return;
    }
    // The program may have been replaced on disk by another build: what serves goes on.
    this.#load(snapshot, () => this.#swap?.receive(message)).catch((error: unknown) => {
      this.#link.send({ type: 'rejected', version: snapshot.version, problem: messageOf(error) });
    });
  }

  #load(snapshot: ConfigSnapshot, proceed: () => void): Promise<void> {
    return this.#order.after(() => this.#tracing.load(snapshot, this.#log), proceed);
  }

  #answer(message: AskMessage): void {
    void answerPrimary(this.#answers, message).then((answer) => this.#link.send(answer));
  }

  #onState(message: StateMessage): void {
    if (message.type === 'ask') this.#answer(message);
    else if (message.type === 'endpoints') this.#endpoints.store(message.endpoints);
    else if (message.type === 'key-set') this.#keySets.store(message.url, message.keySet);
    else if (message.type === 'key-set-refreshed') this.#keySets.answered(message.request);
    else this.#plane?.setTicketKeys(message.ticketKeys);
  }

  async #start({ snapshot, keySets, endpoints, ticketKeys }: StartMessage): Promise<void> {
    try {
      this.#keySets.load(keySets);
      this.#endpoints.store(endpoints);
      this.#log = createLogger({ ...snapshot.log, role: 'worker' });
      await this.#load(snapshot, () => {
        this.#lifecycle = this.#compose(snapshot);
        this.#plane?.setTicketKeys(ticketKeys);
      });
      this.#listeners = (await this.#plane?.listen()) ?? [];
      // Now that the worker has all that it opens for itself: what it counts is what clients leave.
      if (this.#plane !== undefined) this.#overload?.monitor.start(this.#plane);
      this.#link.send({ type: 'ready', listeners: this.#listeners });
    } catch (error) {
      this.#failBoot(snapshot, error);
    }
  }

  #compose(snapshot: ConfigSnapshot): LifecycleManager {
    this.#log.info({ maxConnections: snapshot.maxConnectionsPerWorker }, 'Connection cap');
    this.#accessLog = openAccessLog(snapshot.log, { output: logOutput, log: this.#log });
    const { monitor, ledger } = (this.#overload = watchOverload(snapshot.overload, this.#log));
    this.#metrics = new WorkerMetrics({
      accessLog: this.#accessLog,
      process: this.#overload.withMetrics(
        observeProcess({ open: openFileDescriptors, limit: fileDescriptorLimit() }),
      ),
      sockets: ledger,
      refusals: new RefusalLog({
        warn: (facts, message) => this.#log.warn(facts, message),
        after: (delayMs, run) => void setTimeout(run, delayMs).unref(),
      }),
      exemplars: snapshot.metrics?.exemplars === true,
      more: () => this.#tracing.metrics(),
    });
    const services = {
      telemetry: this.#metrics,
      keySets: this.#keySets,
      endpoints: this.#endpoints,
      log: this.#log,
      overload: monitor,
      tracing: this.#tracing,
    };
    this.#plane = this.#options.compose(snapshot, services);
    this.#answers = composeAnswers({ log: this.#log, plane: this.#plane, overload: monitor });
    const lifecycle = this.#newLifecycle(this.#plane, snapshot);
    this.#swap = new ConfigSwap({
      plane: this.#plane,
      answer: (message) => this.#link.send(message),
      onCommit: (next) => {
        lifecycle.configure(next.shutdown);
        monitor.configure(next.overload);
        this.#log.level = next.log.level;
        this.#tracing.adopt(next);
        this.#metrics?.showExemplars(next.metrics?.exemplars === true);
      },
    });
    return lifecycle;
  }

  #newLifecycle(plane: DataPlane, snapshot: ConfigSnapshot): LifecycleManager {
    return new LifecycleManager({
      plane,
      shutdown: snapshot.shutdown,
      clock: systemClock,
      onPhase: (phase) => this.#log.debug({ phase }, 'Lifecycle phase'),
      onStoppedAccepting: () => this.#link.send({ type: 'stopped-accepting' }),
      onStepFailed: (step, err) => this.#log.error({ step, err }, 'A teardown step failed'),
    });
  }

  #announce(): void {
    this.#lifecycle?.markReady();
    for (const { name, host, port, tls } of this.#listeners) {
      this.#log.info({ listener: name, address: host, port, tls }, 'Listener bound');
    }
    const traffic = this.#listeners.some(({ tls }) => tls) ? 'Secure HTTPS' : 'HTTP';
    this.#log.info(`Worker ${process.pid} listening for ${traffic} traffic`);
  }

  #sendMetrics(request: number): void {
    if (this.#metrics === undefined) return;
    const activity = this.#plane?.endpointActivity() ?? [];
    this.#link.send({ type: 'metrics', request, metrics: withActivity(this.#metrics.snapshot(), activity) });
  }

  #stop(reason: string, plan?: DrainPlan): void {
    // Nothing was served yet: there is nothing to drain.
    if (this.#lifecycle === undefined || this.#lifecycle.phase === 'starting') {
      this.#leave(0);
      return;
    }
    void this.#drain(this.#lifecycle, reason, plan);
  }

  async #drain(lifecycle: LifecycleManager, reason: string, plan?: DrainPlan): Promise<void> {
    const isFirst = lifecycle.phase === 'ready';
    const draining = lifecycle.drain(plan);
    if (!isFirst) return;
    this.#log.info({ reason }, 'Draining');
    const report = await draining;
    this.#log.info(report, 'Drain report');
    await Promise.all([this.#tracing.flush(), this.#accessLog?.flush()]);
    // Before the last word: it tells of the lines that are lost with this process.
    this.#accessLog?.close();
    await this.#sendLastWord(report);
    this.#leave(report.cut === 0 ? 0 : 1);
  }

  #sendLastWord(report: DrainReport): Promise<void> {
    const metrics = this.#metrics?.snapshot();
    if (metrics === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      setTimeout(resolve, LAST_WORD_TIMEOUT_MS).unref();
      this.#link.send({ type: 'drained', report, metrics }, () => resolve());
    });
  }

  #failBoot(snapshot: ConfigSnapshot, error: unknown): void {
    const problem = describeBootFailure(snapshot.listeners, error);
    this.#link.send({ type: 'boot-failed', ...problem }, () => this.#leave(1));
  }

  #crash(error: unknown, what: string): void {
    if (this.#exiting) return;
    this.#log.fatal({ err: error }, what);
    this.#leave(1);
  }

  #leave(exitCode: number): void {
    if (this.#exiting) return;
    this.#exiting = true;
    this.#overload?.monitor.stop();
    this.#accessLog?.close();
    this.#exit(exitCode);
  }
}

const withActivity = (metrics: MetricsSnapshot, activity: readonly EndpointActivity[]): MetricsSnapshot => ({
  ...metrics,
  gauges: {
    ...metrics.gauges,
    torus_upstream_active_exchanges: activity.map(({ upstream, endpoint, active }): Sample => [
      [upstream, endpoint],
      active,
    ]),
  },
});
