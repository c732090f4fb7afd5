/** Owns facts about this process that must be read from the file system. */
import { fstat, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

/** How many file descriptors this process has open; -1 where the system does not tell (no /proc). */
export const openFileDescriptors = (): number => {
  try {
    // Reading the folder opens one descriptor of its own.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return -1;
  }
};

const statOpen = promisify(fstat);

/** Whether a path still leads to the file that is open as `fd`: not after it was moved, removed or replaced. Never rejects. */
export const isSameFile = async (path: string, fd: number): Promise<boolean> => {
  try {
    const [there, open] = await Promise.all([stat(path), statOpen(fd)]);
    return there.ino === open.ino && there.dev === open.dev;
  } catch {
    return false;
  }
};
