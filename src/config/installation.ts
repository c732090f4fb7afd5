/** Owns what is known of the installed program itself: its version, and the files that it serves. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Installation {
  readonly version: string;
  /** What a process runs that answers one question without an instance. By its place: whoever asks must not load the data plane. */
  readonly explainer: string;
  /** A file of the page that the build left beside the entry. Rejects where there is none. */
  readonly readPageFile: (name: string) => Promise<Buffer>;
}

/** `entry` is the file that the program was started with: `dist/index.js`. Reads the manifest beside its folder. */
export const installationOf = (entry: string): Installation => {
  const home = path.dirname(entry);
  return {
    version: versionIn(path.join(home, '..', 'package.json')),
    explainer: path.join(home, 'explain-once.js'),
    readPageFile: (name) => readFile(path.join(home, 'dashboard', name)),
  };
};

/** `unknown` where the manifest is not beside the program: what is shown must not keep it from serving. */
const versionIn = (manifest: string): string => {
  try {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: unknown };
    return typeof version === 'string' ? version : 'unknown';
  } catch {
    return 'unknown';
  }
};
