/** Owns the way of a worker from its fork to its readiness: what it is told, and that it serves what its fellows serve. */
import type { BoundListener, ConfigSnapshot, ListenerConfig, LogConfig } from '../../contracts/config.js';
import type { Log } from '../../observability/logger.js';
import type { EndpointDirectoryState, KeySets, WorkerMessage } from '../ipc/messages.js';
import type { BoundPorts } from './bound-ports.js';
import type { Scheduler } from './scheduler.js';
import type { ForkWorker } from './worker-process.js';
import { newWorkerRecord } from './worker-slot.js';
import type { BootWith, WorkerRecord, WorkerSlot } from './worker-slot.js';

/** What every worker begins with, besides its snapshot. */
export interface StartSources {
  readonly keySets: () => KeySets;
  readonly endpoints: () => EndpointDirectoryState;
  readonly ticketKeys: () => string;
  /** As configured, or as an operator has set it since. */
  readonly logLevel: () => LogConfig['level'];
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface WorkerStartsOptions {
  readonly log: Log;
  readonly fork: ForkWorker;
  readonly scheduler: Scheduler;
  readonly ports: BoundPorts;
  readonly sources: StartSources;
  /** In [0, 1). */
  random(): number;
  serving(): ConfigSnapshot;
  isShuttingDown(): boolean;
  onReady(slot: WorkerSlot, worker: WorkerRecord, listeners: readonly BoundListener[]): void;
  onExit(slot: WorkerSlot, worker: WorkerRecord, exit: WorkerExit): void;
  /** What is not about the start. */
  onMessage(slot: WorkerSlot, worker: WorkerRecord, message: WorkerMessage): void;
}

export class WorkerStarts {
  readonly #options: WorkerStartsOptions;
  #forks = 0;

  constructor(options: WorkerStartsOptions) {
    this.#options = options;
  }

  fork(slot: WorkerSlot, bootWith?: BootWith): WorkerRecord {
    const { fork, scheduler, log } = this.#options;
    const process = fork({
      onMessage: (message) => this.#onMessage(slot, worker, message),
      onExit: (code, signal) => this.#options.onExit(slot, worker, { code, signal }),
      onChannelTrouble: (detail) => log.debug({ worker: slot.number, detail }, 'IPC channel trouble'),
    });
    this.#forks += 1;
    const worker = newWorkerRecord(
      { id: this.#forks, process, jitter: this.#options.random(), bootWith },
      scheduler.now(),
    );
    return worker;
  }

  /** It serves the snapshot that the instance serves from now on, unless it has a newer one. */
  bringUpToDate(worker: WorkerRecord, isPrepared: boolean): void {
    const snapshot = this.#options.serving();
    const { version } = snapshot;
    if (worker.configVersion >= version) return;
    worker.configVersion = version;
    if (!isPrepared)
      worker.process.send({ type: 'prepare', snapshot, endpoints: this.#options.sources.endpoints() });
    worker.process.send({ type: 'commit', version });
  }

  #onMessage(slot: WorkerSlot, worker: WorkerRecord, message: WorkerMessage): void {
    worker.heardAt = this.#options.scheduler.now();
    switch (message.type) {
      case 'hello': {
        this.#start(slot, worker);
        return;
      }
      case 'ready': {
        this.#accept(slot, worker, message.listeners);
        return;
      }
      case 'boot-failed':
        worker.bootProblem = message.problem;
        worker.takenListener = message.code === 'EADDRINUSE' ? message.listener : undefined;
        return;
      default:
        this.#options.onMessage(slot, worker, message);
    }
  }

  #start(slot: WorkerSlot, worker: WorkerRecord): void {
    const { sources, ports } = this.#options;
    // It was told to go before it could hear it.
    if (worker.leaving !== undefined || worker.phase === 'stopped') return;
    if (this.#options.isShuttingDown()) {
      worker.process.send({ type: 'shutdown', reason: 'already shutting down' });
      return;
    }
    const { snapshot, endpoints } = worker.bootWith ?? {
      snapshot: withLogLevel(this.#options.serving(), sources.logLevel()),
      endpoints: sources.endpoints(),
    };
    worker.configVersion = snapshot.version;
    worker.bornWith = snapshot.version;
    worker.process.send({
      type: 'start',
      slot: slot.number,
      snapshot: newAddressesFirst(ports.apply(snapshot), ports.apply(this.#options.serving())),
      keySets: sources.keySets(),
      endpoints,
      ticketKeys: sources.ticketKeys(),
    });
  }

  #accept(slot: WorkerSlot, worker: WorkerRecord, listeners: readonly BoundListener[]): void {
    worker.readyAt = this.#options.scheduler.now();
    if (!this.#options.isShuttingDown() && worker.leaving === undefined) worker.phase = 'ready';
    // A reload may have come to its end while this one was starting.
    this.bringUpToDate(worker, false);
    worker.process.send({ type: 'accepted' });
    this.#options.onReady(slot, worker, listeners);
  }
}

const withLogLevel = (snapshot: ConfigSnapshot, level: LogConfig['level']): ConfigSnapshot => ({
  ...snapshot,
  log: { ...snapshot.log, level },
});

/**
 * A worker binds in this order. One that cannot bind what nobody has bound yet must find out before it takes a connection from
 * its fellows: that would be served by a configuration which is about to be rejected, or cut.
 */
const newAddressesFirst = (snapshot: ConfigSnapshot, served: ConfigSnapshot): ConfigSnapshot => {
  const bound = new Set(served.listeners.map(addressOf));
  const isBound = (listener: ListenerConfig): boolean => bound.has(addressOf(listener));
  const { listeners } = snapshot;
  return {
    ...snapshot,
    listeners: [...listeners.filter((one) => !isBound(one)), ...listeners.filter(isBound)],
  };
};

const addressOf = ({ host, port }: ListenerConfig): string => `${host} ${port}`;
