/** Owns the worker's end of the IPC channel, as a process that node:cluster forked. */
import cluster from 'node:cluster';
import { Channel } from '../ipc/channel.js';
import { parsePrimaryMessage } from '../ipc/messages.js';
import type { PrimaryMessage, WorkerMessage } from '../ipc/messages.js';

export interface PrimaryLink {
  /** Never throws; a message to a dead primary is dropped. */
  send(message: WorkerMessage, onSent?: (sent: boolean) => void): void;
}

export interface PrimaryLinkEvents {
  onMessage(message: PrimaryMessage): void;
  /** The primary is gone. */
  onLost(): void;
}

export type OpenPrimaryLink = (events: PrimaryLinkEvents) => PrimaryLink;

export const openProcessLink: OpenPrimaryLink = (events) => {
  // Without this mark node:cluster ends the worker the moment its primary dies, in the middle of its exchanges.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  const channel = new Channel<WorkerMessage, PrimaryMessage>({
    peer: {
      isConnected: () => process.connected,
      send: (message, onSent) => void process.send?.(message, undefined, {}, onSent),
    },
    parse: parsePrimaryMessage,
    onMessage: (message) => events.onMessage(message),
    // Neither can be told to anyone: the heartbeat finds a channel that does not work.
    onUnknown: () => undefined,
    onSendFailed: () => undefined,
  });
  process.on('message', (message) => channel.receive(message));
  process.once('disconnect', () => events.onLost());
  return { send: (message, onSent) => channel.send(message, onSent) };
};
