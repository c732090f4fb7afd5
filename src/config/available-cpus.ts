/** Owns the number of processors that this process may really use: the scheduler's mask, bounded by the cgroup quota. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cgroupFolders } from './cgroup-folders.js';
import { readOrEmpty } from './system-text.js';

/** Whole processors, at least 1. A quota of one and a half counts as one: a second worker would only be throttled. */
export function availableCpus(cgroupRoot = '/sys/fs/cgroup', membershipFile = '/proc/self/cgroup'): number {
  const quotas = [...cgroupFolders(membershipFile)].flatMap((folder) => quotaOf(cgroupRoot, folder));
  return Math.max(1, Math.floor(Math.min(availableParallelism(), ...quotas)));
}

function quotaOf(root: string, folder: string): number[] {
  const [quota, period] = readOrEmpty(join(root, folder, 'cpu.max'))
    .trim()
    .split(' ');
  const version1 = ['cpu', 'cpu,cpuacct'].map((controller) => [
    readOrEmpty(join(root, controller, folder, 'cpu.cfs_quota_us')),
    readOrEmpty(join(root, controller, folder, 'cpu.cfs_period_us')),
  ]);
  return [[quota, period], ...version1]
    .map(([us, each]) => Number(us) / Number(each))
    .filter((cpus) => Number.isFinite(cpus) && cpus > 0);
}
