/** Owns which parts of a configuration a running instance can take over, and which wait for a restart. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigSnapshot, ListenerConfig } from '../../contracts/config.js';

export interface ReloadPlan {
  /** The new snapshot, with the old values of everything that needs a restart. */
  readonly snapshot: ConfigSnapshot;
  /** Keys of the configuration that were changed but need a restart. */
  readonly needRestart: readonly string[];
}

type SnapshotKey = keyof ConfigSnapshot;

/** Fixed while the instance runs: sockets, processes, and the timers around them. Named as in the configuration. */
const FIXED: readonly (readonly [key: SnapshotKey, name: string])[] = [
  ['listeners', 'listeners'],
  ['accept', 'accept'],
  ['tls', 'tls'],
  ['admin', 'admin'],
  ['workers', 'workers'],
  ['supervisor', 'supervisor'],
  ['maxConnectionsPerWorker', 'limits.maxConnections'],
];

export const planReload = (current: ConfigSnapshot, next: ConfigSnapshot): ReloadPlan => {
  const listeners = withCertificatesOf(current.listeners, next.listeners);
  const served = { ...current, listeners };
  const changed = FIXED.filter(([key]) => !isDeepStrictEqual(served[key], next[key]));
  const kept = Object.fromEntries(changed.map(([key]) => [key, served[key]]));
  // The level can change at any time; where lines go, and in which format, is settled at the start.
  const log = { ...current.log, level: next.log.level };
  const needRestart = changed.map(([, name]) => name);
  return {
    snapshot: { ...next, ...kept, log },
    needRestart: isDeepStrictEqual(log, next.log)
      ? needRestart
      : [...needRestart, 'log.access or log.format'],
  };
};

/** Certificates change while a listener serves; everything else about it is fixed. */
const withCertificatesOf = (
  current: readonly ListenerConfig[],
  next: readonly ListenerConfig[],
): readonly ListenerConfig[] =>
  current.map((listener) => {
    const renewed = next.find(({ name }) => name === listener.name)?.tls;
    if (listener.tls === undefined || renewed === undefined) return listener;
    return { ...listener, tls: { ...listener.tls, certificates: renewed.certificates } };
  });
