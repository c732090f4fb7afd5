/** Owns how large the old generation of this process's heap may get before V8 gives up. */
import { getHeapStatistics } from 'node:v8';

const MIB = 1024 * 1024;
/** `heap_size_limit` includes the young generation: three semi-spaces of 16 MiB each. */
const YOUNG_BYTES = 48 * MIB;
const FLAG = /--max[-_]old[-_]space[-_]size[= ](\d+)/;

/**
 * Bytes. What `--max-old-space-size` says where it is set, on the command line or in NODE_OPTIONS; otherwise the limit of the
 * whole heap, less its young generation. A process fails when its old generation is full, whatever room the young one has.
 */
export function oldGenerationLimit(
  args: readonly string[] = process.execArgv,
  nodeOptions = process.env['NODE_OPTIONS'] ?? '',
  heapLimitBytes = getHeapStatistics().heap_size_limit,
): number {
  const flags = `${nodeOptions} ${args.join(' ')}`;
  const mebibytes = Number([...flags.matchAll(new RegExp(FLAG, 'g'))].at(-1)?.[1] ?? 0);
  if (mebibytes > 0) return mebibytes * MIB;
  return Math.max(heapLimitBytes - YOUNG_BYTES, heapLimitBytes / 2);
}
