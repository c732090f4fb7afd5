/** Owns metering one run: what all processes of a proxy cost while a load ran. */
import { cpuMicroseconds } from './cpu.mjs';
import { processTree } from './process-tree.mjs';
import { residentBytes } from './resident-memory.mjs';

/** Above this share the cost would be one of failing, which is another thing. */
const MOST_ERRORS = 0.01;

/**
 * @template {import('./wrk-output.mjs').LoadResult} Result
 * @param {import('../peers/peer.mjs').Instance} instance
 * @param {() => Promise<Result>} load
 * @returns {Promise<Result & { cost: number, residentBytes: number }>} cost in CPU microseconds for each request; throws
 *   when nothing was answered, when too much failed, or when a process came or went, since its time could not be counted
 */
export const metered = async (instance, load) => {
  const pids = processTree(instance.rootPid);
  const before = cpuMicroseconds(pids);
  const result = await load();
  const used = cpuMicroseconds(pids) - before;
  if (`${processTree(instance.rootPid)}` !== `${pids}`)
    throw new Error(`its processes changed:\n${instance.tail()}`);
  if (result.requests === 0) throw new Error(`no request was answered:\n${instance.tail()}`);
  if (result.errors > result.requests * MOST_ERRORS)
    throw new Error(`${result.errors} errors in ${result.requests} requests`);
  return { ...result, cost: used / result.requests, residentBytes: residentBytes(pids) };
};
