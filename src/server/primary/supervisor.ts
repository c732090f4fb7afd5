/** Owns the life of the workers: forks, watches, replaces and stops them. It never touches a client's connection. */
import type { BoundListener, ConfigSnapshot } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { DrainReport, EndpointDirectoryState, KeySets, WorkerMessage } from '../ipc/messages.js';
import { BoundPorts } from './bound-ports.js';
import { judgeWorker, pingIntervalMs } from './heartbeat.js';
import { RestartBackoff } from './restart-backoff.js';
import type { Scheduler } from './scheduler.js';
import { decideOnExit } from './state-gate.js';
import { WorkerPool } from './worker-pool.js';
import type { ForkWorker } from './worker-process.js';
import { newWorkerRecord } from './worker-slot.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';

export interface SupervisorOptions {
  readonly snapshot: ConfigSnapshot;
  readonly log: Log;
  readonly fork: ForkWorker;
  readonly scheduler: Scheduler;
  /** In [0, 1). */
  random(): number;
  readonly keySets: () => KeySets;
  readonly endpoints: () => EndpointDirectoryState;
  readonly ticketKeys: () => string;
  /** Messages that are not about the life of the worker: metrics, key sets. */
  onWorkerMessage(slot: WorkerSlot, worker: WorkerRecord, message: WorkerMessage): void;
  onWorkerGone(slot: WorkerSlot, worker: WorkerRecord): void;
  /** The first time that every worker is ready. */
  onAllReady?(listeners: readonly BoundListener[]): void;
}

export type InstancePhase = 'starting' | 'ready' | 'draining';

// A worker that has lost its own deadline gets this long beyond it before it is killed.
const DRAIN_GRACE_MS = 2000;
const SHORTEST_HEALTHY_MS = 10_000;
// A gap between two ticks this many times longer than it should be: the primary itself was suspended.
const SUSPENDED_TICKS = 5;
const LONGEST_TICK_MS = 1000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: Log;
  readonly #pool: WorkerPool;
  readonly #ports: BoundPorts;
  #snapshot: ConfigSnapshot;
  readonly #drained = { clean: 0, cut: 0 };
  readonly #cancelTimers: (() => void)[] = [];
  #shuttingDown = false;
  #wasReady = false;
  #announcedReady = false;
  #restarts = 0;
  #lastTickAt = 0;
  #sequence = 0;
  #exitCode: number | undefined;
  #settle: (exitCode: number) => void = () => undefined;
  /** Resolves with the exit code of the instance. */
  readonly finished: Promise<number>;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#snapshot = options.snapshot;
    this.#ports = new BoundPorts(options.snapshot.accept);
    this.#pool = new WorkerPool(options.snapshot.workers, () => this.#newBackoff());
    this.finished = new Promise((resolve) => (this.#settle = resolve));
  }

  get pool(): WorkerPool {
    return this.#pool;
  }

  /** What workers serve, and what those forked later begin with. */
  get snapshot(): ConfigSnapshot {
    return this.#snapshot;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get phase(): InstancePhase {
    if (this.#shuttingDown) return 'draining';
    return this.#pool.inPhase('ready').length > 0 ? 'ready' : 'starting';
  }

  /** Forks every worker. */
  start(): void {
    // A request to stop may have come before the start.
    if (this.#shuttingDown) return;
    this.#lastTickAt = this.#options.scheduler.now();
    this.#cancelTimers.push(this.#options.scheduler.every(this.#tickMs(), () => this.#tick()));
    for (const slot of this.#pool.slots) this.#fork(slot);
  }

  /** The first call drains; a second one kills what is left and ends with exit code 1. */
  stop(reason: string): void {
    if (this.#shuttingDown) this.#force(reason);
    else this.#shutDown(reason);
  }

  /** Every ready worker serves that snapshot from now on, whether it has prepared it or not. */
  adopt(snapshot: ConfigSnapshot, prepared: ReadonlySet<WorkerRecord>): void {
    this.#snapshot = snapshot;
    for (const { worker } of this.#pool.inPhase('ready')) this.#bringUpToDate(worker, prepared.has(worker));
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

  #bringUpToDate(worker: WorkerRecord, isPrepared: boolean): void {
    const { version } = this.#snapshot;
    if (worker.configVersion === version) return;
    worker.configVersion = version;
    if (!isPrepared)
      worker.process.send({
        type: 'prepare',
        snapshot: this.#snapshot,
        endpoints: this.#options.endpoints(),
      });
    worker.process.send({ type: 'commit', version });
  }

  #shutDown(reason: string): void {
    this.#shuttingDown = true;
    this.#log.info({ reason }, 'Broadcasting shutdown to workers');
    this.#pool.cancelRestarts();
    for (const { worker } of this.#pool.living()) worker.phase = 'draining';
    this.#pool.broadcast({ type: 'shutdown', reason });
    if (this.#pool.living().length === 0) this.#finishCleanly();
    else this.#limitDrain();
  }

  #limitDrain(): void {
    const { delayMs, timeoutMs } = this.#snapshot.shutdown;
    const limitMs = delayMs + timeoutMs + DRAIN_GRACE_MS;
    const cancel = this.#options.scheduler.after(limitMs, () => {
      this.#log.warn({ limitMs }, 'Workers did not stop in time. Killing them');
      this.#pool.killAll();
    });
    this.#cancelTimers.push(cancel);
  }

  #force(reason: string): void {
    this.#log.warn({ reason }, 'Second request to stop. Killing the workers');
    this.#pool.killAll();
    this.#finish(1);
  }

  #fork(slot: WorkerSlot): void {
    slot.cancelRestart = undefined;
    const process = this.#options.fork({
      onMessage: (message) => this.#onMessage(slot, worker, message),
      onExit: (code, signal) => this.#onExit(slot, worker, { code, signal }),
      onChannelTrouble: (detail) => this.#log.debug({ worker: slot.number, detail }, 'IPC channel trouble'),
    });
    const worker = newWorkerRecord(process, this.#options.scheduler.now());
    slot.worker = worker;
  }

  #onMessage(slot: WorkerSlot, worker: WorkerRecord, message: WorkerMessage): void {
    worker.heardAt = this.#options.scheduler.now();
    switch (message.type) {
      case 'hello': {
        worker.greeted = true;
        this.#startWorker(slot, worker);
        return;
      }
      case 'ready': {
        this.#acceptWorker(slot, worker, message.listeners);
        return;
      }
      case 'boot-failed':
        worker.bootProblem = message.problem;
        return;
      case 'drained':
        this.#addDrainReport(message.report);
        break;
      default:
        break;
    }
    this.#options.onWorkerMessage(slot, worker, message);
  }

  #startWorker(slot: WorkerSlot, worker: WorkerRecord): void {
    if (this.#shuttingDown) {
      worker.process.send({ type: 'shutdown', reason: 'already shutting down' });
      return;
    }
    if (this.#ports.mustWait(this.#snapshot, this.#pool.isAnotherBinding(worker))) return;
    worker.configVersion = this.#snapshot.version;
    worker.portMode = this.#ports.modeFor(this.#pool.portModesBeside(worker));
    worker.process.send({
      type: 'start',
      slot: slot.number,
      snapshot: this.#ports.apply(this.#snapshot, worker.portMode),
      keySets: this.#options.keySets(),
      endpoints: this.#options.endpoints(),
      ticketKeys: this.#options.ticketKeys(),
    });
  }

  #acceptWorker(slot: WorkerSlot, worker: WorkerRecord, listeners: readonly BoundListener[]): void {
    if (!this.#ports.remember(listeners)) {
      this.kill(worker, 'it was given other ports than its fellows');
      return;
    }
    for (const waiting of this.#pool.waiting()) this.#startWorker(waiting.slot, waiting.worker);
    worker.readyAt = this.#options.scheduler.now();
    this.#wasReady = true;
    if (!this.#shuttingDown) worker.phase = 'ready';
    // A reload may have come to its end while this one was starting.
    this.#bringUpToDate(worker, false);
    worker.process.send({ type: 'accepted' });
    this.#logReady(slot, worker, worker.readyAt);
    this.#announceWhenAllReady(listeners);
  }

  #logReady(slot: WorkerSlot, { process, forkedAt }: WorkerRecord, readyAt: number): void {
    const outage = slot.crashedAt === undefined ? {} : { sinceCrashMs: Math.round(readyAt - slot.crashedAt) };
    slot.crashedAt = undefined;
    const startMs = Math.round(readyAt - forkedAt);
    this.#log.info({ worker: slot.number, startMs, ...outage }, `Worker ${process.pid} is ready`);
  }

  #announceWhenAllReady(listeners: readonly BoundListener[]): void {
    if (this.#announcedReady || this.#pool.inPhase('ready').length < this.#pool.slots.length) return;
    this.#announcedReady = true;
    this.#options.onAllReady?.(listeners);
  }

  #onExit(
    slot: WorkerSlot,
    worker: WorkerRecord,
    exit: { code: number | null; signal: string | null },
  ): void {
    if (slot.worker !== worker || this.#exitCode !== undefined) return;
    slot.worker = undefined;
    worker.phase = 'stopped';
    this.#options.onWorkerGone(slot, worker);
    const decision = decideOnExit({
      shuttingDown: this.#shuttingDown,
      instanceWasReady: this.#wasReady,
      othersAlive: this.#pool.living().length,
    });
    if (decision === 'replace') {
      this.#replace(slot, worker, exit);
      return;
    }
    if (decision === 'abort-boot') {
      this.#abortBoot(worker, exit);
      return;
    }
    this.#logStopped(slot, worker, exit);
    if (decision === 'finish') this.#finishCleanly();
  }

  #replace(slot: WorkerSlot, worker: WorkerRecord, exit: object): void {
    const { scheduler } = this.#options;
    const livedMs = worker.readyAt === undefined ? 0 : scheduler.now() - worker.readyAt;
    const delayMs = slot.backoff.nextDelayMs(livedMs);
    slot.crashedAt ??= scheduler.now();
    const reason = worker.bootProblem ?? worker.killedFor;
    this.#log.warn(
      { worker: slot.number, ...exit, ...(reason === undefined ? {} : { reason }), delayMs },
      `Worker ${worker.process.pid} crashed. Forking a replacement...`,
    );
    this.#restarts += 1;
    if (delayMs === 0) {
      this.#fork(slot);
      return;
    }
    const cancel = scheduler.after(delayMs, () => this.#fork(slot));
    slot.cancelRestart = () => {
      slot.cancelRestart = undefined;
      cancel();
    };
  }

  #abortBoot(worker: WorkerRecord, exit: { code: number | null; signal: string | null }): void {
    const problem =
      worker.bootProblem ??
      `Worker ${worker.process.pid} ended before it was ready: ${worker.killedFor ?? `code ${exit.code ?? 'none'}, signal ${exit.signal ?? 'none'}`}`;
    this.#log.fatal(problem);
    this.#pool.killAll();
    this.#finish(1);
  }

  #logStopped(
    slot: WorkerSlot,
    worker: WorkerRecord,
    exit: { code: number | null; signal: string | null },
  ): void {
    const { pid } = worker.process;
    if (exit.code !== 0) this.#log.warn({ worker: slot.number, ...exit }, `Worker ${pid} was forced to stop`);
    this.#log.info({ worker: slot.number, ...exit }, `Worker ${pid} exited cleanly during shutdown.`);
  }

  #addDrainReport(report: DrainReport): void {
    this.#drained.clean += report.clean;
    this.#drained.cut += report.cut;
  }

  #tick(): void {
    const nowMs = this.#options.scheduler.now();
    const suspended = nowMs - this.#lastTickAt > this.#tickMs() * SUSPENDED_TICKS;
    this.#lastTickAt = nowMs;
    for (const { slot, worker } of this.#pool.living()) {
      // Silence while the primary itself stood still proves nothing.
      if (suspended || nowMs < worker.excusedUntil) worker.heardAt = nowMs;
      this.#watch(slot, worker, nowMs);
    }
  }

  #watch(slot: WorkerSlot, worker: WorkerRecord, nowMs: number): void {
    const limits = this.#options.snapshot.supervisor;
    const view = { ...worker, ready: worker.readyAt !== undefined };
    switch (judgeWorker(view, limits, nowMs)) {
      case 'ping':
        worker.pingedAt = nowMs;
        this.#sequence += 1;
        {
          worker.process.send({ type: 'ping', sequence: this.#sequence });
          return;
        }
      case 'silent': {
        this.kill(worker, `worker ${slot.number} answered no heartbeat for ${limits.heartbeatTimeoutMs} ms`);
        return;
      }
      case 'start-too-slow': {
        this.kill(worker, `worker ${slot.number} was not ready after ${limits.startTimeoutMs} ms`);
        return;
      }
      case 'fine':
        return;
    }
  }

  #finishCleanly(): void {
    this.#log.info({ ...this.#drained }, 'Drain summary');
    this.#log.info('All workers stopped. Primary exiting with code 0.');
    this.#finish(0);
  }

  #finish(exitCode: number): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = exitCode;
    this.#pool.cancelRestarts();
    for (const cancel of this.#cancelTimers) cancel();
    this.#settle(exitCode);
  }

  #tickMs(): number {
    return Math.min(LONGEST_TICK_MS, pingIntervalMs(this.#options.snapshot.supervisor));
  }

  #newBackoff(): RestartBackoff {
    const { backoffMinMs: minMs, backoffMaxMs: maxMs } = this.#options.snapshot.supervisor;
    const healthyAfterMs = Math.max(SHORTEST_HEALTHY_MS, maxMs);
    return new RestartBackoff({ minMs, maxMs, healthyAfterMs, random: () => this.#options.random() });
  }
}
