/** Owns one end of the IPC channel: typed sends that cannot throw, and receives that pass on known messages only. */

/** The side of Node's IPC channel that this end holds: a worker handle in the primary, `process` in a worker. */
export interface ChannelPeer {
  isConnected(): boolean;
  send(message: object, onSent: (error: Error | null) => void): void;
}

export interface ChannelOptions<Incoming> {
  readonly peer: ChannelPeer;
  parse(value: unknown): Incoming | undefined;
  onMessage(message: Incoming): void;
  /** Something arrived that is no message of this protocol. It is dropped. */
  onUnknown(value: unknown): void;
  /** A message was not sent: the other end is gone or going. */
  readonly onSendFailed: (error: Error) => void;
}

export class Channel<Outgoing extends object, Incoming> {
  readonly #options: ChannelOptions<Incoming>;

  constructor(options: ChannelOptions<Incoming>) {
    this.#options = options;
  }

  /** Sends, or reports to `onSendFailed`. Never throws. `onSent` tells whether the kernel took the message. */
  send(message: Outgoing, onSent: (sent: boolean) => void = () => undefined): void {
    const { peer, onSendFailed } = this.#options;
    if (!peer.isConnected()) {
      onSent(false);
      return;
    }
    try {
      peer.send(message, (error) => {
        if (error !== null) onSendFailed(error);
        onSent(error === null);
      });
    } catch (error) {
      onSendFailed(error instanceof Error ? error : new Error(String(error)));
      onSent(false);
    }
  }

  /** Takes what the channel delivered. */
  receive(value: unknown): void {
    const message = this.#options.parse(value);
    if (message === undefined) this.#options.onUnknown(value);
    else this.#options.onMessage(message);
  }
}
