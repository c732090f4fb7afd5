/** Owns what the host says of itself in files: limits, kernel settings, whether something keeps its clock. Read once, for `torus doctor`. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeReadError } from './config-source.js';
import { readOrEmpty } from './system-text.js';

export interface HostFacts {
  /** Open files of this process; undefined where the system does not tell. */
  readonly fileLimit: { readonly soft: number; readonly hard: number } | undefined;
  /** net.core.somaxconn: the longest accept queue. */
  readonly maxBacklog: number | undefined;
  /** net.ipv4.tcp_max_syn_backlog. */
  readonly maxSynBacklog: number | undefined;
  /** net.ipv4.ip_local_port_range: ports of outgoing connections, both included. */
  readonly localPorts: { readonly first: number; readonly last: number } | undefined;
  /** net.ipv4.tcp_migrate_req. */
  readonly migratesRequests: boolean | undefined;
  /** Outgoing and incoming connections in TIME_WAIT. */
  readonly timeWait: number | undefined;
  /** Tracked connections, where there is a firewall that tracks them. */
  readonly tracked: { readonly count: number; readonly max: number } | undefined;
  /** What keeps the clock right; undefined when nothing known does. */
  readonly clockKeeper: string | undefined;
  /** When this Node.js was made, milliseconds since the epoch: no clock is right that says less. */
  readonly installedMs: number;
}

/** Files that are there only while something keeps the clock. */
const CLOCK_KEEPERS: readonly (readonly [file: string, name: string])[] = [
  ['run/systemd/timesync/synchronized', 'systemd-timesyncd'],
  ['run/chrony/chronyd.pid', 'chrony'],
  ['run/chronyd.pid', 'chrony'],
  ['run/ntpd.pid', 'ntpd'],
  ['run/ntpsec/ntpd.pid', 'ntpsec'],
];

/** `root` is for tests. */
export function readHostFacts(root = '/'): HostFacts {
  const text = (file: string): string => readOrEmpty(join(root, file));
  const number = (file: string): number | undefined => numberIn(text(file));
  return {
    fileLimit: fileLimitIn(text('proc/self/limits')),
    maxBacklog: number('proc/sys/net/core/somaxconn'),
    maxSynBacklog: number('proc/sys/net/ipv4/tcp_max_syn_backlog'),
    localPorts: portRangeIn(text('proc/sys/net/ipv4/ip_local_port_range')),
    migratesRequests: flagIn(number('proc/sys/net/ipv4/tcp_migrate_req')),
    timeWait: numberIn(/^TCP:.* tw (\d+)/m.exec(text('proc/net/sockstat'))?.[1] ?? ''),
    tracked: trackedIn(
      number('proc/sys/net/netfilter/nf_conntrack_count'),
      number('proc/sys/net/netfilter/nf_conntrack_max'),
    ),
    clockKeeper: CLOCK_KEEPERS.find(([file]) => existsSync(join(root, file)))?.[1],
    installedMs: statSync(process.execPath).mtimeMs,
  };
}

/** A file that a configuration is made from. */
export interface InputFact {
  readonly file: string;
  /** It holds a private key. */
  readonly isKey: boolean;
  /** Others than its owner and group may read it. */
  readonly isOpen: boolean;
  /** Why it cannot be read, in words that follow its name. */
  readonly problem: string | undefined;
}

export function inputFactsOf(file: string): InputFact {
  try {
    const { mode } = statSync(file);
    const isKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(readFileSync(file, 'utf8'));
    return { file, isKey, isOpen: (mode & 0o004) !== 0, problem: undefined };
  } catch (error) {
    return { file, isKey: false, isOpen: false, problem: describeReadError(error) };
  }
}

function fileLimitIn(limits: string): HostFacts['fileLimit'] {
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const amount = (word: string): number => (word === 'unlimited' ? Infinity : Number(word));
  return { soft: amount(soft), hard: amount(hard) };
}

function portRangeIn(text: string): HostFacts['localPorts'] {
  const [, first, last] = /^(\d+)\s+(\d+)/.exec(text) ?? [];
  return first === undefined || last === undefined ? undefined : { first: Number(first), last: Number(last) };
}

function trackedIn(count: number | undefined, max: number | undefined): HostFacts['tracked'] {
  return count === undefined || max === undefined ? undefined : { count, max };
}

function flagIn(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value !== 0;
}

function numberIn(text: string): number | undefined {
  const digits = /^\d+/.exec(text.trim())?.[0];
  return digits === undefined ? undefined : Number(digits);
}
