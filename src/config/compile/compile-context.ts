/** Owns what the compile step needs beside the document: where to report, what paths are relative to, and the time. */
import { resolve } from 'node:path';
import type { ConfigPath } from '../config-path.js';
import type { ConfigReport } from '../config-report.js';
import { displayPath } from '../config-source.js';
import { readSmallFile } from '../small-file.js';

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
  const text = readSmallFile(file);
  if (typeof text === 'string') return { text, file, shown };
  context.report.error(path, `${what} ${shown} ${text.reason}`);
  return undefined;
}
