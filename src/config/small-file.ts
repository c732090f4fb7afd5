/** Owns the reading of small files that a configuration names: certificates, keys, key sets, lists of endpoints. */
import { readFileSync, statSync } from 'node:fs';
import { describeReadError } from './config-source.js';

/** A mistaken path must not fill the memory. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The text, or what is wrong with the file in words that follow its name. */
export function readSmallFile(file: string): string | { readonly reason: string } {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return { reason: 'is not a file' };
    if (stats.size > MAX_FILE_BYTES) return { reason: 'is larger than 4 MiB' };
    return readFileSync(file, 'utf8');
  } catch (error) {
    return { reason: describeReadError(error) };
  }
}
