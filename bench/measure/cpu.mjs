/** Owns how much CPU time a set of processes has used: user and system, all threads, from /proc/PID/stat. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * The name of the program stands in parentheses and may hold spaces and parentheses itself, so fields are counted from
 * the last one: utime and stime are fields 14 and 15 of proc(5), the 12th and 13th after the name.
 * @param {string} text what /proc/PID/stat says
 * @returns {number} clock ticks, user and system
 */
export const parseStatTicks = (text) => {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`not a stat line: ${text.slice(0, 80)}`);
  return ticks;
};

/** @param {readonly number[]} pids @returns {number} microseconds since each of them started; throws when one is gone */
export const cpuMicroseconds = (pids) => {
  const ticks = pids.map((pid) => parseStatTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  return (ticks.reduce((sum, each) => sum + each, 0) * 1e6) / ticksPerSecond;
};
