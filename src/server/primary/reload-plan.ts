/** Owns how a running instance takes over each part of a configuration: at once, with new workers, or from its next start on. */
import { isDeepStrictEqual } from 'node:util';
import type { AdminConfig, ConfigSnapshot, ListenerConfig } from '../../contracts/config.js';

export interface ReloadPlan {
  /** The new snapshot, with the old values of everything that needs a restart. */
  readonly snapshot: ConfigSnapshot;
  /** Keys that were changed and that only new workers can take over: sockets, and what is made once in a worker. */
  readonly needNewWorkers: readonly string[];
  /** Keys of the configuration that were changed but need a restart. */
  readonly needRestart: readonly string[];
}

type SnapshotKey = keyof ConfigSnapshot;
type Named = readonly (readonly [key: SnapshotKey, name: string])[];

/** Fixed while the instance runs: what the primary itself has bound, and how processes are made. Named as in the configuration. */
const FIXED: Named = [
  ['accept', 'accept'],
  ['admin', 'admin'],
];

/** A worker has them from its start to its end. */
const BORN_WITH: Named = [
  ['listeners', 'listeners'],
  ['maxConnectionsPerWorker', 'limits.maxConnections'],
];

export const planReload = (current: ConfigSnapshot, next: ConfigSnapshot): ReloadPlan => {
  const fixed = { ...current, admin: withCertificateOf(current.admin, next.admin) };
  const kept = FIXED.filter(([key]) => !isDeepStrictEqual(fixed[key], next[key]));
  // How the lines of the primary look is settled at the start.
  const log = { ...next.log, pretty: current.log.pretty };
  const needRestart = kept.map(([, name]) => name);
  return {
    snapshot: { ...next, ...Object.fromEntries(kept.map(([key]) => [key, fixed[key]])), log },
    needNewWorkers: newWorkersFor(current, next),
    needRestart: log.pretty === next.log.pretty ? needRestart : [...needRestart, 'log.format'],
  };
};

const newWorkersFor = (current: ConfigSnapshot, next: ConfigSnapshot): readonly string[] => {
  const served = { ...current, listeners: withCertificatesOf(current.listeners, next.listeners) };
  const names = BORN_WITH.filter(([key]) => !isDeepStrictEqual(served[key], next[key])).map(
    ([, name]) => name,
  );
  return isDeepStrictEqual(current.log.access, next.log.access) ? names : [...names, 'log.access'];
};

/** The admin listener shows another one without a restart, whatever else has to wait for that. */
const withCertificateOf = (
  current: AdminConfig | undefined,
  next: AdminConfig | undefined,
): AdminConfig | undefined =>
  current?.tls === undefined || next?.tls === undefined ? current : { ...current, tls: next.tls };

/** Certificates change while a listener serves. */
const withCertificatesOf = (
  current: readonly ListenerConfig[],
  next: readonly ListenerConfig[],
): readonly ListenerConfig[] =>
  current.map((listener) => {
    const renewed = next.find(({ name }) => name === listener.name)?.tls;
    if (listener.tls === undefined || renewed === undefined) return listener;
    return { ...listener, tls: { ...listener.tls, certificates: renewed.certificates } };
  });
