/** Owns the checks of limits, kernel settings, memory and clock: of the host, whatever the configuration says. */
import type { HostFacts } from '../../config/index.js';
import { counted } from '../../observability/status/format.js';
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';

/** The accept queue that listeners ask for. */
const WANTED_BACKLOG = 4096;
const WANTED_SYN_BACKLOG = 1024;
/** Below this an edge meets its limit on a busy day; two for each request in flight. */
const COMFORTABLE_FILES = 8192;
/** Torus itself: logs, modules, IPC, admin. */
const LEAST_FILES = 256;

export const checkFiles = ({ fileLimit }: HostFacts): readonly Finding[] => {
  const subject = 'open files';
  if (fileLimit === undefined) return [ok(subject, 'this system does not tell its limit')];
  // Node has raised the soft limit to the hard one.
  const limit = Math.max(fileLimit.soft, fileLimit.hard);
  const shown = limit === Infinity ? 'unlimited' : String(limit);
  const advice = 'systemd: LimitNOFILE=65536; a shell: ulimit -n 65536; docker: --ulimit nofile=65536.';
  if (limit < LEAST_FILES) return [problem(subject, `the limit of ${shown} is not enough to serve`, advice)];
  if (limit < COMFORTABLE_FILES)
    return [
      warning(subject, `the limit of ${shown} lets a worker hold ${Math.floor(limit / 2)} clients`, advice),
    ];
  return [ok(subject, `limit ${shown}`)];
};

export const checkKernel = (host: HostFacts): readonly Finding[] => {
  const findings = [...backlogs(host), ...outgoingPorts(host), ...tracking(host)];
  return findings.length > 0 ? findings : [ok('kernel', 'queues, ports and connection tracking have room')];
};

const backlogs = ({ maxBacklog, maxSynBacklog }: HostFacts): Finding[] => [
  ...(maxBacklog !== undefined && maxBacklog < WANTED_BACKLOG
    ? [
        warning(
          'kernel',
          `net.core.somaxconn is ${maxBacklog}: a burst of connections beyond it is refused`,
          `sysctl -w net.core.somaxconn=${WANTED_BACKLOG}`,
        ),
      ]
    : []),
  ...(maxSynBacklog !== undefined && maxSynBacklog < WANTED_SYN_BACKLOG
    ? [
        warning(
          'kernel',
          `net.ipv4.tcp_max_syn_backlog is ${maxSynBacklog}: handshakes beyond it wait for a second try`,
          `sysctl -w net.ipv4.tcp_max_syn_backlog=${WANTED_BACKLOG}`,
        ),
      ]
    : []),
];

const outgoingPorts = ({ localPorts, timeWait }: HostFacts): Finding[] => {
  if (localPorts === undefined || timeWait === undefined) return [];
  const ports = localPorts.last - localPorts.first + 1;
  if (timeWait < ports / 2) return [];
  return [
    warning(
      'kernel',
      `${timeWait} connections are in TIME_WAIT, and there are ${ports} ports for outgoing ones`,
      'sysctl -w net.ipv4.ip_local_port_range="1024 65535" net.ipv4.tcp_tw_reuse=1; and look who closes connections after each request.',
    ),
  ];
};

const tracking = ({ tracked }: HostFacts): Finding[] =>
  tracked !== undefined && tracked.count > tracked.max * 0.8
    ? [
        warning(
          'kernel',
          `the firewall tracks ${tracked.count} of ${tracked.max} connections: beyond that it drops packets`,
          `sysctl -w net.netfilter.nf_conntrack_max=${tracked.max * 2}`,
        ),
      ]
    : [];

/** What a worker of an idle edge takes, and the primary. */
const PROCESS_BYTES = 96 * 1024 * 1024;
const MIB = 1024 * 1024;

export const checkMemory = (limitBytes: number, totalBytes: number, workers: number): readonly Finding[] => {
  const isLimited = limitBytes > 0 && limitBytes < totalBytes;
  const bytes = isLimited ? limitBytes : totalBytes;
  const shown = `${Math.round(bytes / MIB)} MiB${isLimited ? ' (cgroup)' : ''}`;
  const needed = (workers + 1) * PROCESS_BYTES;
  if (bytes < needed)
    return [
      warning(
        'memory',
        `${shown} is little for ${counted(workers, 'worker')} and the primary`,
        `Give it ${Math.round(needed / MIB)} MiB or more, or set workers to ${Math.max(1, Math.floor(bytes / PROCESS_BYTES) - 1)}.`,
      ),
    ];
  return [ok('memory', `${shown} for ${counted(workers, 'worker')} and the primary`)];
};

/** Tokens and certificates are judged by it. */
export const checkClock = (host: HostFacts, nowMs: number): readonly Finding[] => {
  const shown = new Date(nowMs).toISOString();
  if (nowMs < host.installedMs - DAY_MS)
    return [
      problem(
        'clock',
        `it says ${shown}, which is before Torus was installed`,
        'Set the clock: timedatectl set-ntp true.',
      ),
    ];
  if (host.clockKeeper !== undefined) return [ok('clock', `${shown}, kept by ${host.clockKeeper}`)];
  // In a container or a virtual machine the host keeps it, unseen from here.
  return [ok('clock', `${shown}; nothing seen here keeps it (in a container the host does)`)];
};

const DAY_MS = 86_400_000;
