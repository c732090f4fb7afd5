/** Owns how much memory a set of processes keeps resident. Pages they share are counted once for each of them. */
import { readFileSync } from 'node:fs';

/** @param {string} text what /proc/PID/status says @returns {number} bytes */
export const parseResidentBytes = (text) => {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kib === undefined) throw new Error('a process without resident memory');
  return Number(kib) * 1024;
};

/** @param {readonly number[]} pids @returns {number} bytes */
export const residentBytes = (pids) =>
  pids.reduce((sum, pid) => sum + parseResidentBytes(readFileSync(`/proc/${pid}/status`, 'utf8')), 0);
