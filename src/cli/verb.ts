/** Owns what a command is, and what it is given. */
import type { OptionName, OptionValues } from './options.js';
import type { Output } from './output.js';

export interface CommandLine {
  /** The words after the command that are no options. */
  readonly words: readonly string[];
  readonly options: OptionValues;
  readonly cwd: string;
  /** The file that the program was started with, and that workers run. */
  readonly entry: string;
  readonly output: Output;
}

export interface Verb {
  /** One line of the help. */
  readonly summary: string;
  readonly options: readonly OptionName[];
  /** What words it takes, for the help: `LEVEL`, `[ID]`. */
  readonly words?: string;
  /** How many: nothing unless said. */
  readonly least?: number;
  readonly most?: number;
  /** Loads what it needs only when it runs. Resolves with the exit code. */
  run(line: CommandLine): Promise<number>;
}
