/** Folders that vanish when the test process ends, or earlier on request. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const made = new Set<string>();
let hooked = false;

const removeAll = (): void => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true });
  made.clear();
};

export const makeTempDir = (purpose = 'test'): string => {
  if (!hooked) process.once('exit', removeAll);
  hooked = true;
  const dir = mkdtempSync(path.join(tmpdir(), `torus-${purpose}-`));
  made.add(dir);
  return dir;
};

export const removeTempDir = (dir: string): void => {
  made.delete(dir);
  rmSync(dir, { recursive: true, force: true });
};
