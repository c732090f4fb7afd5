/** Owns what the memory controller says of the cgroup that this process is in, version 1 or 2: how much is used, of how much. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupFolders } from './cgroup-folders.js';
import { readOrEmpty } from './system-text.js';

export interface CgroupMemory {
  /** Bytes, less the page cache that the kernel would drop first (what kubelet calls the working set). */
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** Version 1 says "no limit" with a number near 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

interface Files {
  readonly limit: string;
  readonly used: string;
  readonly stat: string;
  readonly inactive: RegExp;
}

const filesIn = (root: string, folder: string): readonly Files[] => [
  {
    limit: join(root, folder, 'memory.max'),
    used: join(root, folder, 'memory.current'),
    stat: join(root, folder, 'memory.stat'),
    inactive: /^inactive_file (\d+)$/m,
  },
  {
    limit: join(root, 'memory', folder, 'memory.limit_in_bytes'),
    used: join(root, 'memory', folder, 'memory.usage_in_bytes'),
    stat: join(root, 'memory', folder, 'memory.stat'),
    inactive: /^total_inactive_file (\d+)$/m,
  },
];

/**
 * A look at the fullest of the cgroups around this process that have a limit; undefined when none has. Which there are is found
 * out once; limits may change. All workers of an instance share what it says.
 */
export function cgroupMemoryReader(
  root = '/sys/fs/cgroup',
  membershipFile = '/proc/self/cgroup',
): () => CgroupMemory | undefined {
  const groups = [...cgroupFolders(membershipFile)]
    .flatMap((folder) => filesIn(root, folder))
    .filter(({ limit }) => existsSync(limit));
  return () => {
    const limited = groups.flatMap(read);
    return limited.sort((left, right) => shareOf(right) - shareOf(left))[0];
  };
}

const shareOf = ({ usedBytes, limitBytes }: CgroupMemory): number => usedBytes / limitBytes;

function read(files: Files): CgroupMemory[] {
  const limitBytes = numberIn(files.limit);
  if (!(limitBytes > 0 && limitBytes < NO_LIMIT_BYTES)) return [];
  const used = numberIn(files.used);
  if (Number.isNaN(used)) return [];
  const inactive = Number(files.inactive.exec(readOrEmpty(files.stat))?.[1] ?? 0);
  return [{ usedBytes: Math.max(0, used - inactive), limitBytes }];
}

/** NaN for `max`, for an empty file and for none. */
function numberIn(file: string): number {
  const text = readOrEmpty(file).trim();
  return text === '' ? Number.NaN : Number(text);
}
