/** Owns the removal of a file that nobody uses any more. */
import { rmSync } from 'node:fs';

/** Throws when the file is there and cannot be removed. */
export const removeFile = (file: string): void => rmSync(file, { force: true });
