/** Owns the reading of what the system says in files: limits, cgroups, kernel settings. */
import { readFileSync } from 'node:fs';

/** Empty where there is no such file, or no descriptor left to read it with: then nothing is said. */
export function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
