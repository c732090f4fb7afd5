/** Owns how full the memory of this worker is: the worst of its heap, its cgroup and its resident memory, each against its limit. */
import { getHeapSpaceStatistics } from 'node:v8';
import type { CgroupMemory } from '../../../config/cgroup-memory.js';

export interface MemoryUse {
  readonly of: 'heap' | 'cgroup' | 'resident';
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface MemorySources {
  /** Limit of the old generation, bytes. */
  readonly heapLimitBytes: number;
  /** undefined where no cgroup has a limit. */
  readonly cgroup: () => CgroupMemory | undefined;
  /** Resident bytes of this process; asked only where they have a limit. May throw. */
  readonly resident: () => number;
  readonly heapUsed?: () => number;
  readonly heapObjects?: () => number;
}

/** The young generation empties itself, and the read-only one is part of the program. */
const isOld = (name: string): boolean => !name.startsWith('new_') && !name.startsWith('read_only');

/**
 * Bytes of the old generation's pages. V8 gives up when it may have no further page, not when the last one is full: in a
 * fragmented heap objects take a tenth less than that.
 */
export const oldGenerationBytes = (): number => {
  let bytes = 0;
  for (const space of getHeapSpaceStatistics()) if (isOld(space.space_name)) bytes += space.space_size;
  return bytes;
};

/** Bytes of the objects in it, dead ones included. */
export const oldGenerationUsed = (): number => {
  let bytes = 0;
  for (const space of getHeapSpaceStatistics()) if (isOld(space.space_name)) bytes += space.space_used_size;
  return bytes;
};

const MIB = 1024 * 1024;

/** Less the room for what one collection of the young generation (a semi-space of 16 MiB) may promote. */
const usable = (heapLimitBytes: number): number => heapLimitBytes - Math.min(heapLimitBytes / 8, 16 * MIB);

export const memoryShare = ({ usedBytes, limitBytes }: MemoryUse): number => usedBytes / limitBytes;

/** The controller's statistics cost the kernel more than a look at the heap. */
const GROUP_INTERVAL_MS = 1000;

export class MemoryGauge {
  readonly #sources: MemorySources;
  #group: CgroupMemory | undefined;
  #groupDueAtMs = -Infinity;

  constructor(sources: MemorySources) {
    this.#sources = sources;
  }

  /** The fullest of them. `residentLimitBytes` undefined: resident memory has no limit. `nowMs` is monotonic. */
  read(residentLimitBytes: number | undefined, nowMs: number): MemoryUse {
    const { heapLimitBytes, resident, heapUsed = oldGenerationBytes } = this.#sources;
    const heap: MemoryUse = { of: 'heap', usedBytes: heapUsed(), limitBytes: usable(heapLimitBytes) };
    const group = this.#groupAt(nowMs);
    const worst = group === undefined ? heap : fuller(heap, { of: 'cgroup', ...group });
    if (residentLimitBytes === undefined) return worst;
    const usedBytes = residentOrZero(resident);
    return fuller(worst, { of: 'resident', usedBytes, limitBytes: residentLimitBytes });
  }

  /** What V8 has to look after, dead or alive: shrinks with each collection of the whole heap, and with nothing else. */
  heapObjectBytes(): number {
    return (this.#sources.heapObjects ?? oldGenerationUsed)();
  }

  #groupAt(nowMs: number): CgroupMemory | undefined {
    if (nowMs < this.#groupDueAtMs) return this.#group;
    this.#groupDueAtMs = nowMs + GROUP_INTERVAL_MS;
    this.#group = this.#sources.cgroup();
    return this.#group;
  }
}

const fuller = (left: MemoryUse, right: MemoryUse): MemoryUse =>
  memoryShare(right) > memoryShare(left) ? right : left;

function residentOrZero(resident: () => number): number {
  try {
    return resident();
  } catch {
    // It is read from a file, and there may be no descriptor left to open it.
    return 0;
  }
}
