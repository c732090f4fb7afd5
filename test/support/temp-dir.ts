/** Folders that vanish when the test file ends, or earlier on request. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { endWithFile } from './left-behind.js';

const forgets = new Map<string, () => void>();

const remove = (dir: string): void => rmSync(dir, { recursive: true, force: true });

export const makeTempDir = (purpose = 'test'): string => {
  const dir = mkdtempSync(path.join(tmpdir(), `torus-${purpose}-`));
  forgets.set(
    dir,
    endWithFile(() => remove(dir)),
  );
  return dir;
};

export const removeTempDir = (dir: string): void => {
  forgets.get(dir)?.();
  forgets.delete(dir);
  remove(dir);
};
