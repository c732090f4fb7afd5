/** Owns the number of files this process may hold open. */
import { readOrEmpty } from './system-text.js';

/** Where the limit cannot be read (anything but Linux): what those systems allow a service at the least. */
const ASSUMED_LIMIT = 10_240;

/** "unlimited" still ends at the kernel's own ceiling. */
const CEILING = 1_048_576;

/** The soft limit, which Node has already raised as far as it may. `limitsFile` is for tests. */
export function fileDescriptorLimit(limitsFile = '/proc/self/limits'): number {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(readOrEmpty(limitsFile))?.[1];
  if (soft === undefined) return ASSUMED_LIMIT;
  return soft === 'unlimited' ? CEILING : Math.min(Number(soft), CEILING);
}
