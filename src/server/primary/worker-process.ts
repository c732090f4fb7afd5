/** Owns the primary's view of a worker as a process, and how one is forked. The rest of the primary sees these shapes. */
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import type { AcceptMode } from '../../contracts/config.js';
import { Channel } from '../ipc/channel.js';
import { parseWorkerMessage } from '../ipc/messages.js';
import type { PrimaryMessage, WorkerMessage } from '../ipc/messages.js';

export interface WorkerProcess {
  readonly pid: number;
  /** Never throws; a message to a dead worker is dropped. */
  send(message: PrimaryMessage): void;
  /** SIGKILL. Its exit is reported as any other. */
  kill(): void;
}

export interface WorkerEvents {
  onMessage(message: WorkerMessage): void;
  onExit(code: number | null, signal: string | null): void;
  /** The channel misbehaved; the worker may still be well. */
  onChannelTrouble(detail: string): void;
}

/** Forks one worker. Rejected forks are reported through `onExit` like any death. */
export type ForkWorker = (events: WorkerEvents) => WorkerProcess;

/** Says how workers are made. Before the first fork: node:cluster takes the policy once, at its first set-up. */
export const setUpForking = (entry: string, accept: AcceptMode): void => {
  // With sockets of their own (`reuse-port`) the workers ask nothing of the primary.
  cluster.schedulingPolicy = accept === 'round-robin' ? cluster.SCHED_RR : cluster.SCHED_NONE;
  cluster.setupPrimary({ exec: entry, args: [] });
};

/** Forks with node:cluster, so that workers can share their listening sockets. */
export const forkClusterWorker: ForkWorker = (events) => {
  const worker = cluster.fork();
  const channel = openChannel(worker, events);
  worker.on('message', (message: unknown) => channel.receive(message));
  worker.on('error', (error) => {
    events.onChannelTrouble(error.message);
    // A process that could not be spawned never exits.
    if (worker.process.pid === undefined) events.onExit(null, 'spawn-failed');
  });
  worker.once('exit', (code: number | null, signal: string | null) => events.onExit(code, signal));
  return {
    pid: worker.process.pid ?? -1,
    send: (message) => channel.send(message),
    kill: () => void worker.process.kill('SIGKILL'),
  };
};

const openChannel = (worker: Worker, events: WorkerEvents): Channel<PrimaryMessage, WorkerMessage> =>
  new Channel({
    peer: {
      isConnected: () => worker.isConnected(),
      send: (message, onSent) => void worker.process.send(message, onSent),
    },
    parse: parseWorkerMessage,
    onMessage: (message) => events.onMessage(message),
    onUnknown: () => events.onChannelTrouble('a message of an unknown kind was dropped'),
    onSendFailed: (error) => events.onChannelTrouble(error.message),
  });
