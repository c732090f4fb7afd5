/** Owns what the compile step needs beside the document: where to report, what paths are relative to, and the time. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigPath } from '../config-path.js';
import type { ConfigReport } from '../config-report.js';
import { describeReadError, displayPath } from '../config-source.js';

export interface CompileContext {
  readonly report: ConfigReport;
  readonly cwd: string;
  /** Directory of the configuration file. */
  readonly directory: string;
  /** Absolute paths of the files that were read, or should have been. */
  readonly inputs: Set<string>;
  /** Wall clock, milliseconds since the epoch: certificates expire. */
  readonly nowMs: number;
  /** The environment alone may leave its route without an upstream. */
  readonly allowsMissingUpstream: boolean;
}

export interface LoadedFile {
  readonly text: string;
  /** Absolute. */
  readonly file: string;
  /** As shown to people. */
  readonly shown: string;
}

/** Certificates, keys and key sets are small; a mistaken path must not fill the memory. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The text of a file the configuration names, or undefined once a problem is reported. `what` begins the message. */
export function loadFile(
  name: string,
  what: string,
  path: ConfigPath,
  context: CompileContext,
): LoadedFile | undefined {
  const file = resolve(context.directory, name);
  const shown = displayPath(file, context.cwd);
  context.inputs.add(file);
  const wrong = (reason: string): LoadedFile | undefined => {
    context.report.error(path, `${what} ${shown} ${reason}`);
    return undefined;
  };
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return wrong('is not a file');
    if (stats.size > MAX_FILE_BYTES) return wrong('is larger than 4 MiB');
    return { text: readFileSync(file, 'utf8'), file, shown };
  } catch (error) {
    return wrong(describeReadError(error));
  }
}
