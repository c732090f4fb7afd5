/** What the kernel says about a process: descriptors, sockets, memory, children. Linux only (/proc). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Names behind the open descriptors of a process, such as `socket:[123]`. */
export const openFdNames = (pid: number): string[] =>
  readdirSync(`/proc/${String(pid)}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${String(pid)}/fd/${fd}`)];
    } catch {
      return []; // closed between the two calls
    }
  });

export const openFds = (pid: number): number => openFdNames(pid).length;

/** Resident set, in bytes. */
export const rssBytes = (pid: number): number => {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${String(pid)} has no resident memory`);
  return Number(kib) * 1024;
};

export interface SocketFact {
  readonly localPort: number;
  readonly remotePort: number;
  /** As in `ss`: ESTABLISHED, LISTEN, CLOSE_WAIT ... */
  readonly state: string;
  /** TCP keep-alive is on: the kernel asks an idle peer whether it is still there. Seen only while nothing is under way. */
  readonly keepAlive: boolean;
}

const STATES = [
  ...['UNKNOWN', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'],
  ...['CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING'],
];

/** `timer_active` of an idle socket whose keep-alive timer runs (Linux, Documentation/networking/proc_net_tcp.rst). */
const KEEP_ALIVE_TIMER = '02';

const portOf = (address: string): number => Number.parseInt(address.split(':')[1] ?? '0', 16);

/** TCP sockets that the process holds open now. */
export const socketsOf = (pid: number): SocketFact[] => {
  const inodes = new Set(openFdNames(pid).flatMap((name) => /^socket:\[(\d+)\]$/.exec(name)?.[1] ?? []));
  return ['tcp', 'tcp6'].flatMap((family) => {
    const [, ...lines] = readFileSync(`/proc/${String(pid)}/net/${family}`, 'utf8')
      .trim()
      .split('\n');
    return lines.flatMap((line) => {
      const [, local = '', remote = '', state = '0', ...others] = line.trim().split(/\s+/);
      if (!inodes.has(others[5] ?? '')) return [];
      const name = STATES[Number.parseInt(state, 16)] ?? 'UNKNOWN';
      const keepAlive = others[1]?.startsWith(`${KEEP_ALIVE_TIMER}:`) === true;
      return [{ localPort: portOf(local), remotePort: portOf(remote), state: name, keepAlive }];
    });
  });
};

/** Ids of the direct children, oldest first. */
export const childrenOf = (pid: number): number[] => {
  try {
    const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return []; // the process is gone
  }
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
