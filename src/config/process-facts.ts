/** Owns facts about this process that must be read from the file system. */
import { readdirSync } from 'node:fs';

/** How many file descriptors this process has open; -1 where the system does not tell (no /proc). */
export const openFileDescriptors = (): number => {
  try {
    // Reading the folder opens one descriptor of its own.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return -1;
  }
};
