/** Owns files that only their owner may read: what is written for diagnosis holds what was in memory. */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

const OWNER_ONLY = 0o600;

/** A new folder of the owner's. Throws when there is no place for it. */
export const makePrivateFolder = (): string => mkdtempSync(join(tmpdir(), 'torus-'));

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** Rejects when the file is there already. */
export const writePrivateFile = (file: string, text: string): Promise<void> =>
  writeFile(file, text, { mode: OWNER_ONLY, flag: 'wx' });

/** Emits an error when the file is there already. */
export const openPrivateFile = (file: string): WriteStream =>
  createWriteStream(file, { mode: OWNER_ONLY, flags: 'wx' });

/** Its folder is removed when the stream ends, however it ends. */
export const readAndRemove = (file: string, folder: string): Readable => {
  const stream = createReadStream(file);
  stream.once('close', () => removeFolder(folder));
  return stream;
};
