/** Owns the life of the workers: forks, places, replaces and stops them. It never touches a client's connection. */
import type { BoundListener, ConfigSnapshot } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { DrainReport, WorkerMessage } from '../ipc/messages.js';
import { BoundPorts } from './bound-ports.js';
import type { ChoosePort } from './bound-ports.js';
import { CrashReplacement } from './crash-replacement.js';
import { RestartBackoff } from './restart-backoff.js';
import { DRAIN_GRACE_MS, Retirement } from './retirement.js';
import type { Scheduler } from './scheduler.js';
import { decideOnExit } from './state-gate.js';
import { WorkerPool } from './worker-pool.js';
import type { ForkWorker } from './worker-process.js';
import type { BootWith, WorkerRecord, WorkerSlot } from './worker-slot.js';
import { WorkerStarts } from './worker-starts.js';
import type { StartSources, WorkerExit } from './worker-starts.js';
import type { WorkerTimes } from './worker-times.js';
import { WorkerWatch } from './worker-watch.js';

export interface SupervisorOptions {
  readonly snapshot: ConfigSnapshot;
  readonly log: Log;
  readonly fork: ForkWorker;
  readonly scheduler: Scheduler;
  readonly choosePort: ChoosePort;
  readonly times: WorkerTimes;
  /** In [0, 1). */
  random(): number;
  readonly sources: StartSources;
  /** Messages that are not about the life of the worker: metrics, key sets. */
  onWorkerMessage(slot: WorkerSlot, worker: WorkerRecord, message: WorkerMessage): void;
  onWorkerGone(slot: WorkerSlot, worker: WorkerRecord): void;
  /** The first time that every worker is ready. */
  onAllReady?(listeners: readonly BoundListener[]): void;
}

export type InstancePhase = 'starting' | 'ready' | 'draining';

/** Who was forked to take a place, once it is ready or never will be. */
export interface Successor {
  readonly worker: WorkerRecord;
  readonly isReady: boolean;
}

const SHORTEST_HEALTHY_MS = 10_000;
/** Times that ports are chosen anew because somebody else took one between the choice and the first bind. */
const PORT_TRIES = 5;
/** So many times as there are places may be on their way out at once, and some more where there are few. */
const LEAVING_PER_PLACE = 2;
const LEAVING_AT_LEAST = 4;

export class Supervisor {
  readonly pool: WorkerPool;
  readonly #options: SupervisorOptions;
  readonly #log: Log;
  readonly #ports: BoundPorts;
  readonly #starts: WorkerStarts;
  readonly #watch: WorkerWatch;
  readonly #retirement: Retirement;
  readonly #crashes: CrashReplacement;
  readonly #drained = { clean: 0, cut: 0 };
  #snapshot: ConfigSnapshot;
  /** Version of the snapshot whose listeners all workers are to have. */
  #listenersVersion: number;
  #cancelKill: () => void = () => undefined;
  #shutDownAt: number | undefined;
  #wasReady = false;
  #announcedReady = false;
  #startedAt = 0;
  #portTries = 0;
  #exitCode: number | undefined;
  #settle: (exitCode: number) => void = () => undefined;
  /** Resolves with the exit code of the instance. */
  readonly finished: Promise<number>;

  constructor(options: SupervisorOptions) {
    const { snapshot, scheduler, log } = options;
    this.#options = options;
    this.#log = log;
    this.#snapshot = snapshot;
    this.#listenersVersion = snapshot.version;
    this.#ports = new BoundPorts(options.choosePort);
    this.pool = new WorkerPool(snapshot.workers, () => this.#newBackoff());
    this.#starts = this.#newStarts(options);
    this.#watch = new WorkerWatch({
      scheduler,
      limits: () => this.#snapshot.supervisor,
      living: () => this.pool.living(),
      giveUp: (worker, reason) => this.kill(worker, reason),
    });
    this.#retirement = this.#newRetirement(options);
    this.#crashes = new CrashReplacement({
      ...{ scheduler, log, times: options.times },
      forkInto: (slot) => this.#forkInto(slot),
    });
    this.finished = new Promise((resolve) => (this.#settle = resolve));
  }

  /** What workers serve, and what those forked later begin with. */
  get snapshot(): ConfigSnapshot {
    return this.#snapshot;
  }

  get restarts(): number {
    return this.#crashes.count;
  }

  get phase(): InstancePhase {
    if (this.#isShuttingDown) return 'draining';
    return this.pool.inPhase('ready').length > 0 ? 'ready' : 'starting';
  }

  get #isShuttingDown(): boolean {
    return this.#shutDownAt !== undefined;
  }

  /** Forks every worker. */
  start(): void {
    // A request to stop may have come before the start.
    if (this.#isShuttingDown) return;
    this.#startedAt = this.#options.scheduler.now();
    this.#watch.start();
    if (this.#ports.isSettled(this.#snapshot)) this.#forkAll();
    else void this.settlePorts(this.#snapshot).then(() => this.#forkAll());
  }

  /** Listeners of that snapshot that ask for any port have one from now on. Never rejects. */
  settlePorts(snapshot: ConfigSnapshot): Promise<void> {
    return this.#ports.settle(snapshot);
  }

  /** The first call drains; a second one kills what is left and ends with exit code 1. */
  stop(reason: string): void {
    if (this.#isShuttingDown) this.#force(reason);
    else this.#shutDown(reason);
  }

  /**
   * Every ready worker serves that snapshot from now on, whether it has prepared it or not. With `newListeners` those that
   * were started with an older one are outdated.
   */
  adopt(snapshot: ConfigSnapshot, prepared: ReadonlySet<WorkerRecord>, newListeners = false): void {
    this.#snapshot = snapshot;
    if (newListeners) this.#listenersVersion = snapshot.version;
    this.#ports.retain(snapshot);
    // One that starts takes connections before it says that it is ready: it must not serve the former routes until then.
    for (const phase of ['ready', 'starting'] as const)
      for (const { worker } of this.pool.inPhase(phase))
        if (worker.configVersion > 0) this.#starts.bringUpToDate(worker, prepared.has(worker));
  }

  /** Places whose worker has other listeners than it should have. */
  outdated(): readonly WorkerSlot[] {
    return this.pool.slots.filter(
      ({ worker }) => worker !== undefined && worker.bornWith > 0 && worker.bornWith < this.#listenersVersion,
    );
  }

  /** Forks who is to take that place. Until `handOver` the worker that has it goes on. */
  succeed(slot: WorkerSlot, bootWith?: BootWith): Promise<Successor> {
    const worker = this.#starts.fork(slot, bootWith);
    if (slot.worker === undefined) {
      slot.cancelRestart?.();
      slot.worker = worker;
    } else slot.successor = worker;
    return new Promise((resolve) => (worker.onBooted = (isReady) => resolve({ worker, isReady })));
  }

  /** The successor has the place from now on, and the one before leaves. It may have died meanwhile. */
  handOver(slot: WorkerSlot, successor: WorkerRecord, reason: string): void {
    if (slot.successor !== successor || this.#isShuttingDown) return;
    if (slot.worker !== undefined) this.#retirement.begin({ slot, worker: slot.worker }, reason);
    slot.successor = undefined;
    slot.worker = successor;
  }

  /** Resolves when no worker that leaves takes connections any more. One that goes on is killed. */
  async onlyPlacedAccept(): Promise<void> {
    for (const worker of await this.#retirement.silent())
      this.kill(worker, 'it leaves, and did not stop taking connections');
  }

  /** One more worker. */
  grow(): void {
    if (!this.#isShuttingDown) this.#forkInto(this.pool.addSlot());
  }

  /** One worker less: that one leaves. */
  shrink(slot: WorkerSlot, reason: string): void {
    if (this.#isShuttingDown) return;
    this.pool.removeSlot(slot);
    for (const worker of [slot.worker, slot.successor])
      if (worker !== undefined) this.#retirement.begin({ slot, worker }, reason);
  }

  /** SIGKILL to a worker that cannot be relied on. It is replaced. */
  kill(worker: WorkerRecord, reason: string): void {
    if (worker.killedFor !== undefined) return;
    worker.killedFor = reason;
    this.#log.error({ reason }, `Killing worker ${worker.process.pid}`);
    worker.process.kill();
  }

  /** The worker cannot answer for so long, and is not to be judged by that; 0 when it can again. */
  excuse(worker: WorkerRecord, forMs: number): void {
    worker.excusedUntil = this.#options.scheduler.now() + forMs;
  }

  #shutDown(reason: string): void {
    this.#shutDownAt = this.#options.scheduler.now();
    this.#log.info({ reason }, 'Broadcasting shutdown to workers');
    this.pool.cancelRestarts();
    this.#retirement.stop();
    for (const { worker } of this.pool.living()) worker.phase = 'draining';
    this.pool.broadcast({ type: 'shutdown', reason });
    if (this.pool.living().length === 0) this.#finishCleanly();
    else this.#limitDrain();
  }

  #limitDrain(): void {
    const { delayMs, timeoutMs } = this.#snapshot.shutdown;
    const limitMs = delayMs + timeoutMs + DRAIN_GRACE_MS;
    this.#cancelKill = this.#options.scheduler.after(limitMs, () => {
      this.#log.warn({ limitMs }, 'Workers did not stop in time. Killing them');
      this.pool.killAll();
    });
  }

  #force(reason: string): void {
    this.#log.warn({ reason }, 'Second request to stop. Killing the workers');
    this.pool.killAll();
    this.#finish(1);
  }

  #forkAll(): void {
    if (this.#isShuttingDown) return;
    for (const slot of this.pool.slots) this.#forkInto(slot);
  }

  #forkInto(slot: WorkerSlot): void {
    slot.cancelRestart = undefined;
    slot.worker = this.#starts.fork(slot);
  }

  #onReady(slot: WorkerSlot, worker: WorkerRecord, listeners: readonly BoundListener[]): void {
    this.#wasReady = true;
    this.#tellReady(slot, worker, worker.readyAt ?? worker.forkedAt);
    worker.onBooted(true);
    this.#announceWhenAllReady(listeners);
  }

  #tellReady(slot: WorkerSlot, worker: WorkerRecord, readyAt: number): void {
    const startMs = Math.round(readyAt - worker.forkedAt);
    this.#options.times.started(startMs);
    const outage = slot.worker === worker ? this.#crashes.endOutage(slot, readyAt) : {};
    this.#log.info({ worker: slot.number, startMs, ...outage }, `Worker ${worker.process.pid} is ready`);
  }

  #announceWhenAllReady(listeners: readonly BoundListener[]): void {
    if (this.#announcedReady || this.pool.inPhase('ready').length < this.pool.slots.length) return;
    this.#announcedReady = true;
    this.#options.times.allStarted(this.#options.scheduler.now() - this.#startedAt);
    this.#options.onAllReady?.(listeners);
  }

  #onExit(slot: WorkerSlot, worker: WorkerRecord, exit: WorkerExit): void {
    if (worker.phase === 'stopped' || this.#exitCode !== undefined) return;
    worker.phase = 'stopped';
    const hadPlace = slot.worker === worker;
    if (hadPlace) slot.worker = undefined;
    if (slot.successor === worker) slot.successor = undefined;
    this.#retirement.gone(worker);
    this.#options.onWorkerGone(slot, worker);
    this.#afterExit(slot, worker, { ...exit, hadPlace });
    worker.onBooted(false);
  }

  #afterExit(
    slot: WorkerSlot,
    worker: WorkerRecord,
    exit: WorkerExit & { readonly hadPlace: boolean },
  ): void {
    const { code, signal, hadPlace } = exit;
    const decision = decideOnExit({
      shuttingDown: this.#isShuttingDown,
      hadPlace,
      instanceWasReady: this.#wasReady,
      othersAlive: this.pool.living().length,
    });
    if (decision === 'replace') this.#crashes.replace(slot, worker, { code, signal });
    else if (decision === 'abort-boot') this.#abortBoot(worker, { code, signal });
    else this.#logStopped(slot, worker, { code, signal });
    if (decision === 'finish') this.#finishCleanly();
  }

  #abortBoot(worker: WorkerRecord, exit: WorkerExit): void {
    if (this.#portTries < PORT_TRIES && this.#ports.lost(worker.takenListener, this.#snapshot)) {
      this.#startOver(worker.bootProblem);
      return;
    }
    const problem =
      worker.bootProblem ??
      `Worker ${worker.process.pid} ended before it was ready: ${worker.killedFor ?? `code ${exit.code ?? 'none'}, signal ${exit.signal ?? 'none'}`}`;
    this.#log.fatal(problem);
    this.pool.killAll();
    this.#finish(1);
  }

  #startOver(problem: string | undefined): void {
    this.#portTries += 1;
    this.#log.debug({ problem }, 'A free port is taken by now. Choosing another');
    for (const { slot, worker } of this.pool.living()) {
      worker.phase = 'stopped';
      slot.worker = undefined;
      worker.process.kill();
    }
    this.#watch.stop();
    this.start();
  }

  #logStopped(slot: WorkerSlot, worker: WorkerRecord, exit: WorkerExit): void {
    const { pid } = worker.process;
    if (exit.code !== 0) this.#log.warn({ worker: slot.number, ...exit }, `Worker ${pid} was forced to stop`);
    if (this.#isShuttingDown)
      this.#log.info({ worker: slot.number, ...exit }, `Worker ${pid} exited cleanly during shutdown.`);
    else if (worker.leaving !== undefined)
      this.#log.info({ worker: slot.number, ...exit, reason: worker.leaving.reason }, `Worker ${pid} left`);
  }

  #addDrainReport(report: DrainReport): void {
    if (!this.#isShuttingDown) return;
    this.#drained.clean += report.clean;
    this.#drained.cut += report.cut;
  }

  #finishCleanly(): void {
    const durationMs = Math.round(this.#options.scheduler.now() - (this.#shutDownAt ?? 0));
    this.#log.info({ ...this.#drained, durationMs }, 'Drain summary');
    this.#log.info('All workers stopped. Primary exiting with code 0.');
    this.#finish(0);
  }

  #finish(exitCode: number): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = exitCode;
    this.pool.cancelRestarts();
    this.#cancelKill();
    this.#watch.stop();
    this.#retirement.stop();
    this.#settle(exitCode);
  }

  #newStarts({ log, fork, scheduler, sources }: SupervisorOptions): WorkerStarts {
    return new WorkerStarts({
      ...{ log, fork, scheduler, sources, ports: this.#ports },
      random: () => this.#options.random(),
      serving: () => this.#snapshot,
      isShuttingDown: () => this.#isShuttingDown,
      onReady: (slot, worker, listeners) => this.#onReady(slot, worker, listeners),
      onExit: (slot, worker, exit) => this.#onExit(slot, worker, exit),
      onMessage: (slot, worker, message) => {
        if (message.type === 'drained') this.#addDrainReport(message.report);
        if (message.type === 'stopped-accepting') this.#retirement.stoppedAccepting(worker);
        this.#options.onWorkerMessage(slot, worker, message);
      },
    });
  }

  #newRetirement({ scheduler, log, times }: SupervisorOptions): Retirement {
    return new Retirement({
      ...{ pool: this.pool, scheduler, log },
      limits: () => ({
        timeoutMs: this.#snapshot.supervisor.drainTimeoutMs,
        most: Math.max(LEAVING_AT_LEAST, this.pool.slots.length * LEAVING_PER_PLACE),
      }),
      onGone: (drainMs) => times.drained(drainMs),
    });
  }

  #newBackoff(): RestartBackoff {
    const limits = (): { minMs: number; maxMs: number; healthyAfterMs: number } => {
      const { backoffMinMs: minMs, backoffMaxMs: maxMs } = this.#snapshot.supervisor;
      return { minMs, maxMs, healthyAfterMs: Math.max(SHORTEST_HEALTHY_MS, maxMs) };
    };
    return new RestartBackoff({ limits, random: () => this.#options.random() });
  }
}
