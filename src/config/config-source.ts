/** Owns where a configuration comes from: the file named, else the first default file there is, else none. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, relative, resolve } from 'node:path';
import { isRecord } from './config-path.js';
import type { Provenance } from './config-report.js';
import { importConfig } from './module-source.js';
import { parseText, type TextProblem } from './yaml-source.js';

/** Looked for in the working directory, in this order. */
export const DEFAULT_FILES: readonly string[] = ['torus.yaml', 'torus.yml', 'torus.json'];

/** Larger than any configuration people write; a mistaken path must not fill the memory. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

export interface ConfigSource extends Provenance {
  /** Absolute; undefined when the environment stands alone. */
  readonly absoluteFile: string | undefined;
  /** What relative paths in it are relative to. */
  readonly directory: string;
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
}

/** Never rejects: whatever is wrong with the file is among `problems`. */
export async function readSource(file: string | undefined, cwd: string): Promise<ConfigSource> {
  const found = file ?? DEFAULT_FILES.find((name) => exists(resolve(cwd, name)));
  if (found === undefined) {
    return {
      file: undefined,
      absoluteFile: undefined,
      directory: cwd,
      value: undefined,
      problems: [],
      lineOf: () => undefined,
    };
  }
  const absoluteFile = resolve(cwd, found);
  const content = withoutCycles(await readContent(absoluteFile));
  return { ...content, file: displayPath(absoluteFile, cwd), absoluteFile, directory: dirname(absoluteFile) };
}

/** What a configuration file says, as a text that can be handed over: that of a module as JSON. Throws when it cannot be read. */
export async function readConfigText(file: string, cwd: string): Promise<string> {
  const path = resolve(cwd, file);
  if (/\.(ya?ml|json)$/.test(path)) return readFileSync(path, 'utf8');
  const { value, problems } = await readSource(path, cwd);
  if (problems[0] !== undefined) throw new Error(`${displayPath(path, cwd)} ${problems[0].message}`);
  return JSON.stringify(value);
}

/** How messages call a configuration that is in no file. */
export const TEXT_NAME = 'given configuration';

/**
 * The same for a YAML or JSON text that somebody handed over in place of the file: relative paths in it lead to where they
 * would from the file.
 */
export function readGivenText(text: string, file: string | undefined, cwd: string): ConfigSource {
  const found = file ?? DEFAULT_FILES.find((name) => exists(resolve(cwd, name)));
  const absoluteFile = found === undefined ? undefined : resolve(cwd, found);
  const directory = absoluteFile === undefined ? cwd : dirname(absoluteFile);
  return { ...withoutCycles(parseText(text)), file: TEXT_NAME, absoluteFile, directory };
}

type Content = Pick<ConfigSource, 'value' | 'problems' | 'lineOf'>;

async function readContent(file: string): Promise<Content> {
  const failed = (message: string): Content => ({
    value: undefined,
    problems: [{ line: undefined, message }],
    lineOf: () => undefined,
  });
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return failed('is not a file');
    if (stats.size > MAX_FILE_BYTES) return failed('is larger than 16 MiB');
    if (/^\.[cm]?[jt]s$/.test(extname(file))) return await readModule(file, failed);
    if (!/^\.(ya?ml|json)$/.test(extname(file)))
      return failed('must end in .yaml, .yml, .json, .js, .mjs or .ts');
    return parseText(readFileSync(file, 'utf8'));
  } catch (error) {
    return failed(describeReadError(error));
  }
}

/** An alias inside its own anchor, or a module's object inside itself, would never end. */
function withoutCycles(content: Content): Content {
  try {
    JSON.stringify(content.value);
    return content;
  } catch {
    const message = 'must be plain data that does not hold itself';
    return { ...content, value: undefined, problems: [...content.problems, { line: undefined, message }] };
  }
}

async function readModule(file: string, failed: (message: string) => Content): Promise<Content> {
  const result = await importConfig(file);
  return result.ok ? { value: result.value, problems: [], lineOf: () => undefined } : failed(result.message);
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Relative to the working directory when it is inside it. */
export function displayPath(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}

/** The errno of a failed system call. Asks for the code only: errors of other realms are no instances of our Error. */
export function errorCode(error: unknown): string | undefined {
  return isRecord(error) && typeof error['code'] === 'string' ? error['code'] : undefined;
}

/** What a failed read means to people; the error's own text names the path a second time. */
export function describeReadError(error: unknown): string {
  const code = errorCode(error) ?? 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'cannot be read: permission denied';
  return `cannot be read (${code})`;
}
