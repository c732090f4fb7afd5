/**
 * Owns the numbers of listeners with port 0. The primary chooses a free one for each before any worker binds, so that every
 * worker, now or after a reload, asks for the same address: that is what workers share a socket by.
 */
import type { ConfigSnapshot, ListenerConfig } from '../../contracts/config.js';

/** A port that is free now at that host; undefined when none can be had there: whoever binds will say why. */
export type ChoosePort = (host: string) => Promise<number | undefined>;

type Listeners = Pick<ConfigSnapshot, 'listeners'>;

export class BoundPorts {
  readonly #choose: ChoosePort;
  readonly #ports = new Map<string, number>();

  constructor(choose: ChoosePort) {
    this.#choose = choose;
  }

  /** Every listener with port 0 has its number. */
  isSettled({ listeners }: Listeners): boolean {
    return listeners.every((listener) => listener.port !== 0 || this.#ports.has(keyOf(listener)));
  }

  /** Chooses for those that have none. Never rejects. */
  async settle({ listeners }: Listeners): Promise<void> {
    for (const listener of listeners) {
      if (this.isSettled({ listeners: [listener] })) continue;
      const port = await this.#choose(listener.host);
      if (port !== undefined) this.#ports.set(keyOf(listener), port);
    }
  }

  /** The snapshot with the ports that workers shall bind. */
  apply(snapshot: ConfigSnapshot): ConfigSnapshot {
    const listeners = snapshot.listeners.map((listener) =>
      listener.port === 0 ? { ...listener, port: this.#ports.get(keyOf(listener)) ?? 0 } : listener,
    );
    return { ...snapshot, listeners };
  }

  /** Drops the numbers of listeners that are not in use. */
  retain({ listeners }: Listeners): void {
    const used = new Set(listeners.map(keyOf));
    for (const key of this.#ports.keys()) if (!used.has(key)) this.#ports.delete(key);
  }

  /** Somebody else has that listener's number by now. False when the number was not chosen here. */
  lost(name: string | undefined, { listeners }: Listeners): boolean {
    const listener = listeners.find((candidate) => candidate.name === name);
    return listener?.port === 0 && this.#ports.delete(keyOf(listener));
  }
}

const keyOf = ({ name, host }: ListenerConfig): string => `${name}\u0000${host}`;
