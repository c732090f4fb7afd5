/**
 * Owns which ports the listeners with port 0 were given, and which port each worker is told to bind. Workers that ask
 * for port 0 share one socket as long as one of them lives; only when none does may a worker ask for the number itself
 * (asking for it earlier would collide with the socket that is still shared). With `reuse-port` nothing is shared: the first
 * worker is given the ports, and the others wait for their numbers.
 */
import type { AcceptMode, BoundListener, ConfigSnapshot } from '../../contracts/config.js';

export type PortMode = 'configured' | 'remembered';

export class BoundPorts {
  readonly #ports = new Map<string, number>();
  readonly #ownSockets: boolean;

  constructor(accept: AcceptMode) {
    this.#ownSockets = accept === 'reuse-port';
  }

  /** A worker must not bind yet: another one that is about to tell its ports does. */
  mustWait({ listeners }: ConfigSnapshot, anotherBinds: boolean): boolean {
    const isUnknown = this.#ports.size === 0 && listeners.some(({ port }) => port === 0);
    return this.#ownSockets && isUnknown && anotherBinds;
  }

  /** The mode of a worker about to bind, given the modes of the others that are bound now. */
  modeFor(boundOthers: readonly PortMode[]): PortMode {
    if (this.#ports.size === 0) return 'configured';
    return boundOthers.includes('configured') && !this.#ownSockets ? 'configured' : 'remembered';
  }

  /** The snapshot with the ports that a worker in that mode shall bind. */
  apply(snapshot: ConfigSnapshot, mode: PortMode): ConfigSnapshot {
    if (mode === 'configured') return snapshot;
    const listeners = snapshot.listeners.map((listener) => ({
      ...listener,
      port: listener.port === 0 ? (this.#ports.get(listener.name) ?? 0) : listener.port,
    }));
    return { ...snapshot, listeners };
  }

  /** Takes what a worker bound. False when it ended up elsewhere than the workers before it: it must be replaced. */
  remember(listeners: readonly BoundListener[]): boolean {
    if (this.#ports.size > 0) return listeners.every(({ name, port }) => this.#ports.get(name) === port);
    for (const { name, port } of listeners) this.#ports.set(name, port);
    return true;
  }
}
